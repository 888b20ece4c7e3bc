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
	Lists() []string
	Handset() call.Handset
	Files() map[string][]byte
}

// maxCallers bounds the phones that calls are made from: one of each kind that rules can tell apart.
const maxCallers = 100

// The proofs that calls are made with: none, a PIN that reaches far, everything.
var (
	proved = call.Credential{Valid: true, Holder: "somebody", Level: 9}
	proofs = []call.Credentials{{}, {PIN: proved}, everything}

	everything = call.Credentials{PIN: proved, Token: proved, Approval: proved, Matter: proved}
)

// Probe asks the policy about calls of each kind of phone, to a number of each class, at a time of each combination of
// open schedules, with no proof and with every proof; and to a number of each list, and of each country and risk that
// rules or data name. What went on before is nothing.
func Probe(ctx context.Context, p Policy, zone *time.Location) (*Answers, error) {
	a := newAnswers()
	all, phones := clocks(p, zone), callers(p.Directory())
	for _, clock := range all {
		for _, ext := range phones {
			for _, c := range proofs {
				if err := a.askAll(ctx, p, facts(p, clock, ext, c), part{}); err != nil {
					return nil, err
				}
			}
		}
	}
	parts := partsOf(p.Files(), p.Lists())
	for _, ext := range phones {
		for _, x := range parts {
			if err := a.askAll(ctx, p, facts(p, all[0], ext, everything), x); err != nil {
				return nil, err
			}
		}
	}
	return a, nil
}

// askAll asks about a call to a number of each class in a part.
func (a *Answers) askAll(ctx context.Context, p Policy, f call.Facts, x part) error {
	for _, class := range call.Classes() {
		one := f
		one.Callee.Class = class
		if !x.narrow(p, &one) {
			continue
		}
		if err := a.ask(ctx, p, one, x.name()); err != nil {
			return err
		}
	}
	return nil
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

func facts(p Policy, clock call.Clock, ext string, c call.Credentials) call.Facts {
	dir := p.Directory()
	f := call.Facts{Time: clock, Caller: dir.Caller(ext), Line: call.Line{Kind: "phone"}, Credentials: c}
	if kind := dir[ext].Line; kind != "" {
		f.Line.Kind = kind
	}
	f.Sanction.Suspended = dir[ext].Suspended
	f.Callee.Number = call.Number{Dialled: "0", Digits: "0", Region: "ZZ", Risk: []string{}}
	f.Callee.Lists = []string{}
	f.Attempt = call.Attempt{Source: call.SourceARI, Extension: ext, Dialled: "0"}
	return f
}
