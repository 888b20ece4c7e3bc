// Package scenario reads and runs scenario files: calls, and what is to become of them, written in YAML by people who
// write no Rego. The file is
//
//	scenarios:
//	  - name: a city far away needs a PIN       # optional
//	    from: "103"                             # the caller's extension
//	    to: "902112345678"                      # as dialled
//	    at: 2026-11-23 08:15                    # in the site's time zone, or RFC 3339; else a Monday morning
//	    credentials: ["pin:1"]                  # as after check --credential; pin_level: 1 says the same
//	    usage: {attempts_last_minute: 3}        # fields of input.usage; all else is 0 and false
//	    expect: {action: challenge, rule: long_distance, class: national, requires: [pin, token, approval]}
//
// What is left out of expect is not looked at; the action must be there. policy/schema/scenarios.json describes the
// file to editors; a test holds it to what is read here.
package scenario

import (
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// Scenario is one call, and what is to become of it.
type Scenario struct {
	Name        string     `yaml:"name"`
	From        string     `yaml:"from"`        // the caller's extension
	To          string     `yaml:"to"`          // as dialled
	At          string     `yaml:"at"`          // RFC 3339, or without a zone; a Monday morning if left out
	PINLevel    *int       `yaml:"pin_level"`   // of the PIN that was entered; none if left out
	Credentials []string   `yaml:"credentials"` // what the caller has proved, as call.ParseProofs reads it
	Usage       call.Usage `yaml:"usage"`
	Expect      Expect     `yaml:"expect"`

	File   string    `yaml:"-"` // where it stands
	Line   int       `yaml:"-"`
	at     time.Time // what At says
	proofs call.Credentials
}

// Expect is what is to become of a call. What is nil is not looked at.
type Expect struct {
	Action      call.Action `yaml:"action"`
	Rule        *string     `yaml:"rule"` // that settles it
	Class       *string     `yaml:"class"`
	Region      *string     `yaml:"region"`
	MaxSeconds  *int        `yaml:"max_seconds"` // 0: no cap
	WarnSeconds *int        `yaml:"warn_seconds"`
	RingSeconds *int        `yaml:"ring_seconds"`
	Prompt      *string     `yaml:"prompt"` // what a refused caller hears
	Cause       *int        `yaml:"cause"`  // Q.850, of a refusal
	Dial        *string     `yaml:"dial"`   // of the route
	Trunk       *string     `yaml:"trunk"`
	Redirect    *string     `yaml:"redirect"`
	Requires    *[]string   `yaml:"requires"` // the kinds of proof that are asked for, in any order
	Shadow      *[]string   `yaml:"shadow"`   // the rules in mode shadow that would have done something
	Notify      *[]string   `yaml:"notify"`   // who is told
}

// FileName is the one scenario file of a policy; there may be more in the folder scenarios.
const FileName = "scenarios.yaml"

// Is reports whether a file of a policy holds scenarios: scenarios.yaml and scenarios/*.yaml.
func Is(name string) bool {
	return name == FileName || path.Dir(name) == "scenarios" && path.Ext(name) == ".yaml"
}

// Read reads a scenario file; times without a zone are in zone. The error joins everything that is wrong, each a
// *yamlfile.Error with its place.
func Read(name string, src []byte, zone *time.Location) ([]Scenario, error) {
	var file struct {
		Scenarios []Scenario `yaml:"scenarios"`
	}
	tree, faults := yamlfile.Parse(name, src)
	if err := tree.Decode(&file); err != nil {
		return nil, err
	}
	if len(faults) > 0 {
		return nil, faults[0]
	}
	r := &reader{name: name, zone: zone, tree: tree}
	if len(file.Scenarios) == 0 {
		r.fault(nil, `there are no scenarios; write: scenarios: [{from: "101", to: "962345678", expect: {action: allow}}]`)
	}
	for i := range file.Scenarios {
		r.complete(&file.Scenarios[i], strconv.Itoa(i))
	}
	return file.Scenarios, errors.Join(r.faults...)
}

// reader checks the scenarios of a file.
type reader struct {
	name   string
	zone   *time.Location
	tree   yamlfile.Tree
	faults []error
}

func (r *reader) fault(keys []string, format string, args ...any) {
	at := r.tree.Value(keys...)
	r.faults = append(r.faults, &yamlfile.Error{
		File: r.name, Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...),
	})
}

// complete checks a scenario and works out what it says in words.
func (r *reader) complete(s *Scenario, index string) {
	in := func(keys ...string) []string { return append([]string{"scenarios", index}, keys...) }
	s.File, s.Line = r.name, r.tree.Place(in()...).Line
	if s.From == "" {
		r.fault(in("from"), `from is missing; wanted is the caller's extension, like from: "101"`)
	}
	if s.To == "" {
		r.fault(in("to"), `to is missing; wanted is the number as dialled, like to: "962345678"`)
	}
	var err error
	if s.at, err = parseTime(s.At, r.zone); err != nil {
		r.fault(in("at"), "at: %v", err)
	}
	if s.proofs, err = call.ParseProofs(s.Credentials); err != nil {
		r.fault(in("credentials"), "credentials: %v", err)
	}
	switch {
	case s.PINLevel == nil:
	case *s.PINLevel < 0:
		r.fault(in("pin_level"), "pin_level: %d: a level is 0 or more", *s.PINLevel)
	case s.proofs.PIN.Valid:
		r.fault(in("pin_level"), "pin_level: the credentials name a PIN, too; say it once")
	default:
		s.proofs.PIN = call.Credential{Valid: true, Holder: "somebody", Level: *s.PINLevel}
	}
	r.counts(s.Usage, func(name string) []string { return in("usage", name) })
	r.counts(s.Expect, func(name string) []string { return in("expect", name) })
	r.expect(s.Expect, in)
}

// counts refuses a negative number in a field of a struct: calls, attempts and seconds are counted from 0.
func (r *reader) counts(of any, in func(name string) []string) {
	v := reflect.ValueOf(of)
	for i := range v.NumField() {
		n := reflect.Indirect(v.Field(i)) // of what is left out: nothing
		if name := v.Type().Field(i).Tag.Get("yaml"); n.IsValid() && n.CanInt() && n.Int() < 0 {
			at := in(name)
			r.fault(at, "%s: %d: wanted is 0 or more", strings.Join(at[len(at)-2:], "."), n.Int())
		}
	}
}

// expect refuses words that no decision could ever hold.
func (r *reader) expect(e Expect, in func(...string) []string) {
	actions := []call.Action{call.Allow, call.Challenge, call.Deny}
	switch {
	case e.Action == "":
		r.fault(in("expect"), "expect.action is missing; wanted is allow, challenge or deny")
	case !slices.Contains(actions, e.Action):
		r.fault(in("expect", "action"), "expect.action: there is no action %q; there are allow, challenge, deny", e.Action)
	}
	if e.Class != nil && !slices.Contains(call.Classes(), call.Class(*e.Class)) {
		var words []string
		for _, c := range call.Classes() {
			words = append(words, string(c))
		}
		r.fault(in("expect", "class"), "expect.class: there is no class %q; there are %s", *e.Class, strings.Join(words, ", "))
	}
	if e.Requires == nil {
		return
	}
	for i, kind := range *e.Requires {
		if !new(call.Credentials).Set(call.CredentialKind(kind), call.Credential{}) {
			r.fault(in("expect", "requires", strconv.Itoa(i)), "expect.requires: there is no %q; there are pin, token, approval, matter", kind)
		}
	}
}

// parseTime reads the time of a call.
func parseTime(text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Date(2026, time.November, 23, 10, 0, 0, 0, zone), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 2026-11-23 08:15 for the site's time zone, or 2026-11-23T08:15:00+08:00", text)
}
