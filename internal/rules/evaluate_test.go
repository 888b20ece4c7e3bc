package rules

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/dialwarden/dialwarden/internal/call"
)

// gate holds every evaluation that calls dialwarden_test.block(), as a built-in function does that cannot be interrupted.
var gate = make(chan struct{})

func init() {
	b := &ast.Builtin{Name: "dialwarden_test.block", Decl: types.NewFunction(types.Args(types.S), types.B)}
	ast.RegisterBuiltin(b)
	topdown.RegisterBuiltinFunc(b.Name, func(_ topdown.BuiltinContext, _ []*ast.Term, iter func(*ast.Term) error) error {
		<-gate
		return iter(ast.InternedTerm(true))
	})
	slow[b.Name], allowed[b.Name] = true, true
	b = &ast.Builtin{Name: "dialwarden_test.panic", Decl: types.NewFunction(types.Args(types.S), types.B)}
	ast.RegisterBuiltin(b)
	topdown.RegisterBuiltinFunc(b.Name, func(topdown.BuiltinContext, []*ast.Term, func(*ast.Term) error) error {
		panic("as if OPA had a fault")
	})
	quick[b.Name], allowed[b.Name] = true, true
}

// policyWith loads a policy with one rule x.
func policyWith(t *testing.T, body string, deadline time.Duration, data string) *Policy {
	t.Helper()
	fsys := fstest.MapFS{
		"rules/x.rego":    {Data: []byte("package dialwarden.outbound\n\n" + body + "\n")},
		"data/rules.yaml": {Data: []byte("x: {title: X}\n")},
		"data/big.yaml":   {Data: []byte("text: \"" + data + "\"\n")},
	}
	p, err := Load(fsys, Options{Deadline: deadline})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func local() call.Facts {
	return call.Facts{Caller: call.Caller{Known: true}, Callee: call.Callee{Number: call.Number{Class: call.Local}}}
}

// late judges and holds the answer to a policy error for the given reason, soon after the deadline.
func late(t *testing.T, p *Policy, why string, within time.Duration) {
	t.Helper()
	d := p.Judge(t.Context(), local())
	if d.Rule != call.RulePolicyError || d.Action != call.Deny || !strings.Contains(d.Reasons[0].Text, why) {
		t.Errorf("got %s %s %v, want %q", d.Action, d.Rule, d.Reasons, why)
	}
	if d.Elapsed > within {
		t.Errorf("took %v, want less than %v", d.Elapsed, within)
	}
	t.Logf("cut after %v", d.Elapsed)
}

// settled waits until no evaluation is running any more.
func settled() {
	for range cap(places) {
		places <- struct{}{}
	}
	for range cap(places) {
		<-places
	}
}

// soon is much longer than a deadline, and much shorter than what it cuts.
const soon = 2 * time.Second

func TestDeadlineCutsALoop(t *testing.T) {
	for name, body := range map[string]string{
		"here":  `deny contains "x" if count([1 | some a in input.callee.risk; some b in input.callee.risk; some c in input.callee.risk]) == 0`,
		"aside": `deny contains "x" if count([1 | some a in numbers.range(1, 100000); some b in numbers.range(1, 100000)]) == 0`,
		"range": `deny contains "x" if count([a | some a in numbers.range(1, 100000000)]) == 0`,
	} {
		t.Run(name, func(t *testing.T) {
			p := policyWith(t, body, 20*time.Millisecond, "")
			if want := name == "here"; p.enforced.quick != want {
				t.Fatalf("quick is %v, want %v", p.enforced.quick, want)
			}
			f := local()
			f.Callee.Risk = make([]string, 2000)
			d := p.Judge(t.Context(), f)
			if d.Rule != call.RulePolicyError || !strings.Contains(d.Reasons[0].Text, "no answer within 20ms") || d.Elapsed > soon {
				t.Errorf("got %+v after %v", d, d.Elapsed)
			}
			t.Logf("cut after %v", d.Elapsed)
		})
	}
	settled()
}

func TestDeadlineCutsARegularExpression(t *testing.T) {
	body := `deny contains "x" if not regex.match("[ab]*a[ab]{300}c", data.big.text)`
	p := policyWith(t, body, 20*time.Millisecond, strings.Repeat("a", 50_000))
	late(t, p, "no answer within 20ms", soon)
	settled()
}

// TestRunawaysAreBounded fills all places with evaluations that cannot be interrupted, and finds the next call refused
// at once, other policies too, until they come back.
func TestRunawaysAreBounded(t *testing.T) {
	settled()
	p := policyWith(t, `deny contains "x" if dialwarden_test.block("")`, time.Millisecond, "")
	other := policyWith(t, `allow contains "x" if input.callee.digits != "0"`, time.Hour, "")
	for range cap(places) {
		late(t, p, "no answer within 1ms", soon)
	}
	if n := int(runaways.Load()); n != cap(places) {
		t.Errorf("%d runaways, want %d", n, cap(places))
	}
	late(t, p, "beyond their deadline", soon)
	late(t, other, "beyond their deadline", soon)
	close(gate)
	settled()
	if n := runaways.Load(); n != 0 {
		t.Errorf("%d runaways left", n)
	}
	if d := other.Judge(t.Context(), local()); d.Action != call.Allow {
		t.Errorf("got %s %v", d.Action, d.Reasons)
	}
	gate = make(chan struct{})
}

// TestWaitingForAPlace waits for a place longer than the deadline, which is for the evaluation alone; but not for ever.
func TestWaitingForAPlace(t *testing.T) {
	settled()
	for range cap(places) {
		places <- struct{}{}
	}
	p := policyWith(t, `allow contains "x" if input.callee.digits != "0"`, 10*time.Millisecond, "")
	late(t, p, "no evaluation could begin within 2s", 2*soon)
	time.AfterFunc(50*time.Millisecond, func() { <-places })
	if d := p.Judge(t.Context(), local()); d.Action != call.Allow {
		t.Errorf("got %s %v", d.Action, d.Reasons)
	}
	places <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if d := p.Judge(ctx, local()); !strings.Contains(d.Reasons[0].Text, "withdrawn") {
		t.Errorf("got %v", d.Reasons)
	}
	for range cap(places) {
		<-places
	}
}

// TestWaitingIsNoEvaluating holds that time in which the processor does not work on the evaluation does not count.
func TestWaitingIsNoEvaluating(t *testing.T) {
	settled()
	p := policyWith(t, `allow contains "x" if not dialwarden_test.block("")`, 200*time.Millisecond, "")
	time.AfterFunc(400*time.Millisecond, func() { close(gate) })
	if d := p.Judge(t.Context(), local()); d.Rule == call.RulePolicyError {
		t.Errorf("got %s %v after %v", d.Action, d.Reasons, d.Elapsed)
	}
	settled()
	gate = make(chan struct{})
}

// TestAlarmRunsOnce does not use an alarm again whose timer has run out, even if only to go on: it may still be read.
func TestAlarmRunsOnce(t *testing.T) {
	a := newAlarm()
	a.set(5 * time.Millisecond)
	<-time.After(20 * time.Millisecond)
	if a.stop() {
		t.Error("the alarm would be used again")
	}
}

// TestWithdrawn leaves an evaluation whose question is withdrawn.
func TestWithdrawn(t *testing.T) {
	p := policyWith(t, `deny contains "x" if dialwarden_test.block("")`, time.Hour, "")
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan call.Decision)
	go func() { answer <- p.Judge(ctx, local()) }()
	cancel()
	if d := <-answer; d.Rule != call.RulePolicyError || !strings.Contains(d.Reasons[0].Text, "withdrawn") {
		t.Errorf("got %s %v", d.Rule, d.Reasons)
	}
	close(gate)
	settled()
	gate = make(chan struct{})
}

// TestPanic turns a fault inside OPA into a refusal.
func TestPanic(t *testing.T) {
	p := policyWith(t, `deny contains "x" if dialwarden_test.panic("")`, 0, "")
	late(t, p, "the evaluation broke down: as if OPA had a fault", soon)
}
