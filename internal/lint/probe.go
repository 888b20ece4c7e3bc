package lint

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/rules"
)

// Policy decides calls, and tells which rules fire.
type Policy interface {
	Directory() call.Directory
	Lookup(f *call.Facts)
	Judge(ctx context.Context, f call.Facts) call.Decision
	Fired(ctx context.Context, f call.Facts) ([]rules.Fired, error)
}

// Answers is what a policy said about representative calls.
type Answers struct {
	asked   map[call.Class]int // calls to numbers that are in no list
	refused map[call.Class]int // of these, by no_rule_allows
	let     map[call.Class]int // allowed, or would be with a proof
	allowed map[string]int     // calls that a rule's allow fired for
	denied  map[string]int     // of these, those that were refused all the same
	by      map[string]map[string]bool
}

// maxCallers bounds the phones that calls are made from: one of each kind that rules can tell apart.
const maxCallers = 100

// Probe asks the policy about calls of each kind of phone, to a number of each class, at a time of each combination of
// open schedules, with no proof and with every proof. What went on before is nothing.
func Probe(ctx context.Context, p Policy, zone *time.Location, lists []string) (*Answers, error) {
	a := &Answers{
		asked: map[call.Class]int{}, refused: map[call.Class]int{}, let: map[call.Class]int{},
		allowed: map[string]int{}, denied: map[string]int{}, by: map[string]map[string]bool{},
	}
	proved := call.Credential{Valid: true, Holder: "somebody", Level: 9}
	proofs := []call.Credentials{{}, {PIN: proved}, {PIN: proved, Token: proved, Approval: proved, Matter: proved}}
	for i, clock := range clocks(p, zone) {
		for _, ext := range callers(p.Directory()) {
			for _, class := range call.Classes() {
				for _, c := range proofs {
					if err := a.ask(ctx, p, facts(p, clock, ext, class, "", c)); err != nil {
						return nil, err
					}
				}
				for n := 0; i == 0 && n < len(lists); n++ {
					if err := a.ask(ctx, p, facts(p, clock, ext, class, lists[n], proofs[len(proofs)-1])); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	return a, nil
}

// clocks are times of a week, one for each combination of open schedules.
func clocks(p Policy, zone *time.Location) []call.Clock {
	var all []call.Clock
	seen := map[string]bool{}
	for hour := range 7 * 24 {
		f := call.Facts{Time: call.ClockAt(time.Date(2026, 11, 23, hour, 30, 0, 0, zone), zone)}
		p.Lookup(&f)
		if key := fmt.Sprint(f.Time.Schedules); !seen[key] {
			seen[key] = true
			all = append(all, f.Time)
		}
	}
	return all
}

// callers are extensions, one for each kind of phone.
func callers(dir call.Directory) []string {
	var all []string
	seen := map[call.Extension]bool{}
	for _, ext := range slices.Sorted(maps.Keys(dir)) {
		kind := dir[ext]
		kind.Holder, kind.Mobile, kind.ShortNumber = "", "", ""
		if !seen[kind] && len(all) < maxCallers {
			seen[kind] = true
			all = append(all, ext)
		}
	}
	return all
}

func facts(p Policy, clock call.Clock, ext string, class call.Class, list string, c call.Credentials) call.Facts {
	dir := p.Directory()
	f := call.Facts{Time: clock, Caller: dir.Caller(ext), Line: call.Line{Kind: "phone"}, Credentials: c}
	if kind := dir[ext].Line; kind != "" {
		f.Line.Kind = kind
	}
	f.Sanction.Suspended = dir[ext].Suspended
	f.Callee.Number = call.Number{Dialled: "0", Digits: "0", Class: class, Region: "ZZ", Risk: []string{}}
	f.Callee.Lists = []string{}
	if list != "" {
		f.Callee.Lists = []string{list}
	}
	f.Attempt = call.Attempt{Source: call.SourceARI, Extension: ext, Dialled: "0"}
	return f
}

// ask notes what becomes of one call.
func (a *Answers) ask(ctx context.Context, p Policy, f call.Facts) error {
	fired, err := p.Fired(ctx, f)
	if err != nil {
		return err
	}
	d := p.Judge(ctx, f)
	class := f.Callee.Class
	if len(f.Callee.Lists) == 0 {
		a.asked[class]++
		if d.Rule == call.RuleNoAllow {
			a.refused[class]++
		}
		if d.Action != call.Deny {
			a.let[class]++
		}
	}
	seen := map[string]bool{}
	for _, x := range fired {
		if x.Head != "allow" || seen[x.Rule] {
			continue
		}
		seen[x.Rule] = true
		a.allowed[x.Rule]++
		if d.Action == call.Deny {
			a.denied[x.Rule]++
			if a.by[x.Rule] == nil {
				a.by[x.Rule] = map[string]bool{}
			}
			a.by[x.Rule][d.Rule] = true
		}
	}
	return ctx.Err()
}
