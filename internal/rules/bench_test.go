package rules_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/policy"
)

// BenchmarkJudge asks the shipped policy, one caller at a time. Compare it with BenchmarkFloor.
func BenchmarkJudge(b *testing.B) {
	p := shipped(b)
	for _, class := range []call.Class{call.Local, call.National, call.International, call.Premium} {
		b.Run(string(class), func(b *testing.B) { judge(b, p, class) })
	}
}

// BenchmarkJudgeParallel asks it from all processors.
func BenchmarkJudgeParallel(b *testing.B) {
	p := shipped(b)
	f := factsOf(p, "101", call.Local)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			p.Judge(context.Background(), f)
		}
	})
}

// BenchmarkJudgeAside asks a policy that calls a built-in function which can take long, so that every evaluation has a
// goroutine of its own: what it costs to come back at the deadline in any case.
func BenchmarkJudgeAside(b *testing.B) {
	judge(b, floor(b, `regex.match("^lo", input.callee.class)`), call.Local)
}

// BenchmarkFloor asks the smallest policy that allows anything and needs Rego for it.
func BenchmarkFloor(b *testing.B) {
	judge(b, floor(b, `input.callee.digits != "0"`), call.Local)
}

// BenchmarkJudgeRules shows what more rules cost that begin with a comparison, and more phones.
func BenchmarkJudgeRules(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		files := map[string]string{}
		var entries strings.Builder
		for i := range n {
			id := fmt.Sprintf("r%d", i)
			files["rules/"+id+".rego"] = fmt.Sprintf("package dialwarden.outbound\n\ndeny contains %q if {\n\tinput.caller.extension == \"9%d\"\n\tinput.callee.digits != \"0\"\n}\n", id, i)
			fmt.Fprintf(&entries, "%s: {title: R}\n", id)
		}
		files["data/rules.yaml"] = "base: {title: Base}\n" + entries.String()
		p := load(b, files)
		b.Run(fmt.Sprint(n), func(b *testing.B) { judge(b, p, call.Local) })
	}
}

// BenchmarkLoad reads, checks and compiles the shipped policy.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rules.Load(policy.FS, rules.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func floor(b *testing.B, condition string) *rules.Policy {
	fsys := fstest.MapFS{
		"rules/base.rego": {Data: []byte("package dialwarden.outbound\n\nallow contains \"base\" if " + condition + "\n")},
		"data/rules.yaml": {Data: []byte("base: {title: Base}\n")},
	}
	p, err := rules.Load(fsys, rules.Options{Deadline: 10 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func judge(b *testing.B, p *rules.Policy, class call.Class) {
	f := factsOf(p, "101", class)
	b.ReportAllocs()
	for b.Loop() {
		if d := p.Judge(context.Background(), f); d.Rule == call.RulePolicyError {
			b.Fatal(d.Reasons)
		}
	}
}

// BenchmarkExplain explains a challenge of the shipped policy.
func BenchmarkExplain(b *testing.B) {
	p := shipped(b)
	f := factsOf(p, "103", call.National)
	p.Explain(context.Background(), f) // compiles
	b.ReportAllocs()
	for b.Loop() {
		if e := p.Explain(context.Background(), f); e.Rule != "long_distance" {
			b.Fatal(e.Rule)
		}
	}
}
