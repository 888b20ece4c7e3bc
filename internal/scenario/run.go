package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Book decides calls: gate.Book, as the daemon uses it.
type Book interface {
	Facts(a call.Attempt, u call.Usage, c call.Credentials) call.Facts
	Judge(ctx context.Context, f call.Facts) call.Decision
}

// Result says what became of a call.
type Result struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Name   string `json:"name,omitempty"`
	From   string `json:"from"`
	To     string `json:"to"`
	Passed bool   `json:"passed"`
	// Wanted and Got are in words: "allow by local, max_seconds 180". They say what differs, after the action and rule.
	Wanted string `json:"wanted"`
	Got    string `json:"got"`
	Why    string `json:"why,omitempty"` // the reasons of the decision
}

// Run decides the calls one after the other, as the daemon would, without a ledger: what went on before is what each
// scenario says. It stops when ctx ends, with what it has.
func Run(ctx context.Context, scenarios []Scenario, b Book) []Result {
	results := []Result{}
	for i := range scenarios {
		if ctx.Err() != nil {
			break
		}
		results = append(results, scenarios[i].run(ctx, b))
	}
	return results
}

func (s *Scenario) run(ctx context.Context, b Book) Result {
	f := b.Facts(call.Attempt{Source: call.SourceARI, Extension: s.From, Dialled: s.To, At: s.at}, s.Usage, s.proofs)
	d := b.Judge(ctx, f)
	r := Result{File: s.File, Line: s.Line, Name: s.Name, From: s.From, To: s.To}
	var wanted, got []string
	wanted, got, r.Passed = s.Expect.compare(f, d)
	r.Wanted, r.Got = strings.Join(wanted, ", "), strings.Join(got, ", ")
	var why []string
	for _, reason := range d.Reasons {
		why = append(why, reason.Text)
	}
	r.Why = strings.Join(why, " ")
	return r
}

// compare says in words what was wanted and what came: the action and the rule, and what else is not as it should be.
func (e Expect) compare(f call.Facts, d call.Decision) (wanted, got []string, same bool) {
	same = e.Action == d.Action && (e.Rule == nil || *e.Rule == d.Rule)
	head := string(e.Action)
	if e.Rule != nil {
		head += " by " + *e.Rule
	}
	wanted, got = []string{head}, []string{fmt.Sprintf("%s by %s", d.Action, d.Rule)}
	differ := func(field string, want, have any) {
		same = false
		wanted, got = append(wanted, fmt.Sprintf("%s %v", field, want)), append(got, fmt.Sprintf("%s %v", field, have))
	}
	number := func(field string, want *int, have int) {
		if want != nil && *want != have {
			differ(field, *want, have)
		}
	}
	text := func(field string, want *string, have string) {
		if want != nil && *want != have {
			differ(field, orNone(*want), orNone(have))
		}
	}
	set := func(field string, want *[]string, have []string) {
		if want == nil {
			return
		}
		if w, h := sorted(*want), sorted(have); !slices.Equal(w, h) {
			differ(field, w, h)
		}
	}
	text("class", e.Class, string(f.Callee.Class))
	text("region", e.Region, f.Callee.Region)
	number("max_seconds", e.MaxSeconds, d.MaxSeconds)
	number("warn_seconds", e.WarnSeconds, d.WarnSeconds)
	number("ring_seconds", e.RingSeconds, d.RingSeconds)
	text("prompt", e.Prompt, d.Prompt)
	number("cause", e.Cause, d.Cause)
	text("dial", e.Dial, d.Route.Dial)
	text("trunk", e.Trunk, d.Route.Trunk)
	text("redirect", e.Redirect, d.Route.Redirect)
	set("requires", e.Requires, required(d))
	set("shadow", e.Shadow, shadowing(d))
	set("notify", e.Notify, told(d))
	return wanted, got, same
}

// required lists the kinds of proof that a decision asks for.
func required(d call.Decision) []string {
	var kinds []string
	for _, r := range d.Requires {
		for _, k := range r.AnyOf {
			kinds = append(kinds, string(k))
		}
	}
	return kinds
}

func shadowing(d call.Decision) []string {
	var rules []string
	for _, s := range d.Shadow {
		rules = append(rules, s.Rule)
	}
	return rules
}

func told(d call.Decision) []string {
	var names []string
	for _, n := range d.Notify {
		names = append(names, n.To)
	}
	return names
}

// sorted returns the words in order, each once.
func sorted(words []string) []string { return slices.Compact(slices.Sorted(slices.Values(words))) }

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// String tells what a scenario that failed wanted, and what came: "scenarios.yaml:12: from 103 to 902112345678: wanted
// allow by local, got challenge by long_distance: …".
func (r Result) String() string {
	return fmt.Sprintf("%s:%d: %s", r.File, r.Line, r.Message())
}

// Message is String without the place.
func (r Result) Message() string {
	text := fmt.Sprintf("from %s to %s: wanted %s, got %s", r.From, r.To, r.Wanted, r.Got)
	if r.Why != "" {
		text += ": " + r.Why
	}
	return text
}
