package rules

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/dialwarden/dialwarden/internal/call"
)

// What is pruned, split, guarded and settled when a policy is loaded must not change an answer. Here policies are made by
// chance, and asked as they are loaded and as they are written, of OPA alone.

// grammar has for each word the ways to write it; words in <> are written in turn, and # is a number of its own.
var grammar = map[string][]string{
	"body": {
		"<expr>", "<expr>\n\t<expr>", "<expr>\n\t<expr>\n\t<expr>", "v := <bound>\n\t<use>\n\t<expr>", "v := <bound>\n\t<expr>\n\t<use>",
	},
	"expr":  {"<basic>", "<basic>", "<basic>", "not <basic>", "not <truth>", "<truth>", "<loop>", "<element> in <data>", "<element> == <name>"},
	"truth": {"<flag>", "<flag>", "h1", "h2", "h3", "data.d.flag", "data.d.off", "data.d.none", "is_string(<data>)", "fallback(<text>) == \"local\""},
	"loop": {
		"some w# in <data>\n\tw# == <text>", "some w# in <list>\n\tw# in <data>", "some k#, w# in <data>\n\tk# == <text>\n\tw# != null",
		"every w# in <data> { w# != <text> }",
	},
	"use":   {"v == \"local\"", "<text> == v", "v in <data>", "not v in <data>", "data.d.by[v] == <number>", "data.d.flags[v]", "v != \"local\""},
	"bound": {"<text>", "<text>", "<word>", "upper(<text>)"},
	"basic": {
		"<class> == <kind>", "<kind> == <class>", "<class> != <kind>", "<class> in {\"local\", \"premium\"}", "<class> in <data>", "<class> in <data>",
		"<field> == <name>", "<field> != <name>", "<text> == <word>", "<word> == <text>", "<text> in <data>", "<text> in <lookup>",
		"<name> in <list>", "<word> in <list>", "<flag> == <boolean>", "<boolean> == <flag>", "<flag> == data.d.flag", "data.d.off == <flag>",
		"<count> <compare> <number>", "<number> <compare> <count>", "<count> <compare> data.d.n", "<count> <compare> data.d.zero", "count(<list>) > <count>",
		"<lookup> == <number>", "<lookup> <compare> <lookup>", "<word> == <name>", "<data> in <data>", "count(<data>) <compare> <number>",
		"lower(<text>) == <kind>", "1 / <count> > 0", "max(<data>) == <number>", "<word> = <text>",
	},
	"compare": {"==", "==", "!=", "<", ">="},
	"class":   {"input.callee.class"},
	"field":   {"input.caller.grade", "input.callee.region", "input.callee.digits"},
	"text":    {"<class>", "<class>", "<field>", "<field>", "<list>[0]"},
	"list":    {"input.callee.lists", "input.time.schedules", "input.callee.risk"},
	"element": {"<list>[_]"},
	"flag":    {"input.caller.known", "input.sanction.suspended", "input.credentials.pin.valid", "input.usage.limited"},
	"count":   {"input.usage.same_pin_calls", "input.usage.short_calls_to_number", "input.usage.concurrent_calls"},
	"kind":    {`"local"`, `"local"`, `"mobile"`, `"premium"`, `"international"`},
	"name":    {`"local"`, `"a"`, `"true"`, `""`, `"CN"`, `"1"`},
	"boolean": {"true", "false"},
	"number":  {"0", "1", "1.0", "2"},
	"word":    {"data.d.word", "data.d.none", "data.d.list[0]", "data.d.list[1]", "data.d.list[7]", "data.d.objs[0].class", "data.d.mixed[1]"},
	"lookup": {
		"data.d.by[<text>]", "data.d.by[<text>]", "data.d.nest[<text>]", "data.d.flags[<text>]", "data.d.deep[<text>][<text>]",
		"data.d.nest[<text>].deep", "data.d.emptyobj[<text>]", "data.d.by[data.d.list[1]]",
	},
	"data": {
		"data.d.word", "data.d.list", "data.d.list", "data.d.empty", "data.d.none", "data.d.flag", "data.d.nul", "data.d.n", "data.d.by", "data.d.by.local",
		"data.d.nest[data.d.word]", "data.d.objs", "data.d.dup", "data.d.strs", "data.d.emptyobj", `data.d["a.b"]`, "data.d.mixed", "data.e",
	},
}

// randomData are the data of the policies: of each kind something that is there, empty, or not there.
const randomData = `word: local
list: [local, mobile]
empty: []
emptyobj: {}
flag: true
off: false
nul: null
n: 1
zero: 0
none: none
dup: [local, local, a]
strs: [a, "true", "1"]
mixed: [true, local, 1, null]
by: {local: 1, national: 2, a: null, premium: false}
flags: {local: true, mobile: false, a: x}
nest: {local: {deep: [local]}, mobile: [a], premium: {}}
objs: [{class: local, n: 1}, {class: mobile}]
"a.b": [local]
deep: {x: {local: 1, a: 2}, local: {}, mobile: {local: true}}
`

// author writes policies by chance.
type author struct {
	chance  *rand.Rand
	numbers int
}

var helpers = regexp.MustCompile(`\bh[123]\b`)

// inAngles finds what is to be written in a way of the grammar.
var inAngles = regexp.MustCompile(`<([a-z]+)>|#`)

// write writes a word of the grammar.
func (a *author) write(word string) string {
	ways := grammar[word]
	a.numbers++
	number := fmt.Sprint(a.numbers)
	return inAngles.ReplaceAllStringFunc(ways[a.chance.IntN(len(ways))], func(part string) string {
		if part == "#" {
			return number
		}
		return a.write(strings.Trim(part, "<>"))
	})
}

// body writes a body; a helper's does not look at helpers.
func (a *author) body(helper bool) string {
	for {
		if b := a.write("body"); !helper || !helpers.MatchString(b) {
			return "{\n\t" + b + "\n}\n\n"
		}
	}
}

// policy writes a rule x with helpers, of one to three bodies of deny and as many of notify.
func (a *author) policy() string {
	var b strings.Builder
	b.WriteString("package dialwarden.outbound\n\nfallback(x) := \"local\" if is_string(x)\n\nfallback(x) := 1 if is_number(x)\n\n")
	for _, h := range []string{"h1", "h2"} {
		if a.chance.IntN(3) == 0 {
			b.WriteString("default " + h + " := false\n\n")
		}
		b.WriteString(h + " if " + a.body(true))
	}
	b.WriteString("h3 := " + []string{"true", "false", `"local"`}[a.chance.IntN(3)] + " if " + strings.TrimSpace(a.body(true)))
	if a.chance.IntN(3) == 0 {
		b.WriteString(" else := \"local\" if " + a.body(true))
	}
	b.WriteString("\n\n")
	for i := range 1 + a.chance.IntN(3) {
		fmt.Fprintf(&b, "notify contains {\"rule\": \"x\", \"to\": \"%d\"} if %s", i%2, a.body(false))
		b.WriteString("deny contains \"x\" if " + a.body(false))
	}
	return b.String()
}

// variety are calls whose fields have the words of the grammar, and others.
func variety() []call.Facts {
	lists := [][]string{{}, {"a"}, {"local", "a"}, {"vip", "vip"}, nil, {"mobile"}}
	var all []call.Facts
	for i, class := range []call.Class{call.Local, call.Local, call.Mobile, call.Premium, call.National, call.Unknown} {
		f := local()
		f.Callee.Class = class
		f.Callee.Lists, f.Callee.Risk, f.Time.Schedules = lists[i], lists[(i+1)%6], lists[(i+2)%6]
		f.Callee.Region = []string{"", "CN", "local", "a", "US", "true"}[i]
		f.Callee.Digits = []string{"", "1", "112", "999", "é", "12"}[i]
		f.Caller.Grade = []string{"a", "local", "", "true", "a", "1"}[i]
		f.Caller.Known, f.Sanction.Suspended, f.Credentials.PIN.Valid = i%2 == 0, i%3 == 1, i%2 == 1
		f.Usage = call.Usage{SamePINCalls: i % 3, ShortCallsToNumber: i % 2, ConcurrentCalls: i % 2}
		all = append(all, f)
	}
	return all
}

// errRefused is the error of a policy that is not loaded.
var errRefused = errors.New("the policy is refused")

// compareWithOPA writes a policy and returns how the answers to it differ from OPA's, or errRefused.
func compareWithOPA(t *testing.T, seed uint64) error {
	t.Helper()
	text := (&author{chance: rand.New(rand.NewPCG(seed, 0))}).policy()
	bad := &faults{}
	s := read(fstest.MapFS{
		"rules/x.rego": {Data: []byte(text)}, "data/rules.yaml": {Data: []byte("x: {}\n")},
		"data/d.yaml": {Data: []byte(randomData)}, "data/e.yaml": {Data: []byte("{}\n")},
	}, bad)
	if bad.any() {
		return fmt.Errorf("%w: %w\n%s", errRefused, bad.err(), text)
	}
	p := s.program(enforce, bad)
	if bad.any() {
		return fmt.Errorf("what is left of the policy cannot be compiled: %w\n%s", bad.err(), text)
	}
	alone := asWritten(t, s)
	for _, f := range variety() {
		got, gotErr := p.find(t.Context(), &f, s.vocabulary(), 100*DefaultDeadline)
		want, wantErr := alone(&f)
		if told := tell(got); told != want && wantErr == nil || (gotErr == nil) != (wantErr == nil) {
			return fmt.Errorf("got  %q, %s\nOPA: %q, %s\nthe call: %+v\nthe data:\n%s\nthe policy:\n%s",
				told, fmt.Sprint(gotErr), want, fmt.Sprint(wantErr), f, randomData, text)
		}
	}
	return nil
}

// asWritten asks OPA alone for the members of deny and notify.
func asWritten(t *testing.T, s *source) func(*call.Facts) (string, error) {
	t.Helper()
	q, err := rego.New(
		rego.Query("deny = "+pkg+".deny; notify = "+pkg+".notify"), rego.StrictBuiltinErrors(true),
		rego.Store(inmem.NewFromASTObject(s.data)), rego.Module("rules/x.rego", string(s.content["rules/x.rego"])),
	).PrepareForEval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return func(f *call.Facts) (string, error) {
		answers, err := q.Eval(t.Context(), rego.EvalParsedInput(inputOf(f).Value))
		if err != nil || len(answers) != 1 {
			return "", cmp.Or(err, fmt.Errorf("%d answers", len(answers)))
		}
		var all []string
		for range answers[0].Bindings["deny"].([]any) {
			all = append(all, "deny x")
		}
		for _, m := range answers[0].Bindings["notify"].([]any) {
			all = append(all, fmt.Sprint("notify ", m.(map[string]any)["to"]))
		}
		slices.Sort(all)
		return strings.Join(all, ", "), nil
	}
}

// tell tells the members of deny and notify in order.
func tell(found []member) string {
	var all []string
	for _, m := range found {
		all = append(all, m.head+" "+cmp.Or(m.to, m.rule))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// FuzzShortcuts asks policies that are written by chance. For more of them: go test -fuzz FuzzShortcuts ./internal/rules
func FuzzShortcuts(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		if err := compareWithOPA(t, seed); err != nil && !errors.Is(err, errRefused) {
			t.Errorf("seed %d: %v", seed, err)
		}
	})
}

// TestShortcutsChangeNoAnswer asks some hundred such policies, always the same. Few of them are refused.
func TestShortcutsChangeNoAnswer(t *testing.T) {
	const policies = 250
	refused, different := 0, 0
	for seed := range uint64(policies) {
		switch err := compareWithOPA(t, seed); {
		case errors.Is(err, errRefused):
			refused++
		case err != nil:
			if different++; different <= 3 {
				t.Errorf("seed %d: %v", seed, err)
			}
		}
	}
	if refused > policies/10 || different > 3 {
		t.Errorf("of %d policies %d were refused, and %d answered differently", policies, refused, different)
	}
}
