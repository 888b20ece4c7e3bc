package tariff

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// allowancesFile is data/allowances.yaml, as an admin writes it. Fields that only rules look at are read over.
type allowancesFile struct {
	MinSeconds     int                  `yaml:"min_seconds"`
	LongestSeconds int                  `yaml:"longest_seconds"`
	WarnSeconds    int                  `yaml:"warn_seconds"`
	AlertAt        []int                `yaml:"alert_at"`
	Allowances     map[string]allowance `yaml:"allowances"`
}

type allowance struct {
	Text        string          `yaml:"text"`
	Scope       string          `yaml:"scope"`
	Of          []string        `yaml:"of"`
	AmountMinor int64           `yaml:"amount_minor"`
	CarryOver   string          `yaml:"carry_over"`
	Since       yamlfile.Digits `yaml:"since"`
	Overrun     string          `yaml:"overrun"`
	Classes     []string        `yaml:"classes"`
}

// Allowances are all allowances of a site. The zero value has none. It never changes.
type Allowances struct {
	names   []string // sorted
	byName  map[string]allowance
	alertAt []int
}

// ReadAllowances reads data/allowances.yaml, which has been parsed and holds to its schema; the name stands in errors. The
// error joins all faults, each a *yamlfile.Error with its place.
func ReadAllowances(name string, tree yamlfile.Tree) (*Allowances, error) {
	file := allowancesFile{AlertAt: []int{80, 100}} // as the schema says
	if err := tree.Decode(&file); err != nil {
		return nil, err
	}
	bad := &faults{name: name, tree: tree}
	for id, a := range file.Allowances {
		at := []string{"allowances", id, "since"}
		_, err := time.Parse("2006-01", a.Since.Value)
		switch {
		case a.Since.Value != "" && err != nil:
			bad.at(at, "%q is no month; write it like \"2026-01\"", a.Since.Value)
		case a.CarryOver == "year" && a.Since.Value == "":
			bad.at(at[:2], "carry_over: year needs since: the first month that gives this amount, like \"2026-01\"; what earlier months leave is not carried over")
		}
	}
	if file.LongestSeconds > 0 && file.MinSeconds > file.LongestSeconds {
		bad.at([]string{"min_seconds"}, "%d is more than longest_seconds, %d: no call that an allowance may cut would ever go out", file.MinSeconds, file.LongestSeconds)
	}
	slices.Sort(file.AlertAt)
	return &Allowances{
		names: slices.Sorted(maps.Keys(file.Allowances)), byName: file.Allowances, alertAt: slices.Compact(file.AlertAt),
	}, errors.Join(bad.found...)
}

// Empty reports whether there is no allowance.
func (t *Allowances) Empty() bool { return len(t.names) == 0 }

// Refuses reports whether an allowance that refuses pays for calls to a class.
func (t *Allowances) Refuses(c call.Class) bool {
	return slices.ContainsFunc(t.names, func(id string) bool {
		a := t.byName[id]
		return a.Overrun != string(call.OverrunCharge) && a.paysFor(c)
	})
}

// Paying lists the allowances that pay for a call of a class on a day of the site, like 2026-11-23, by name: every one
// that has begun, whose scope the payer is in. They all pay all of it: the phone's and its department's at once.
func (t *Allowances) Paying(p call.Payer, c call.Class, day string) []call.Allowance {
	if len(t.names) == 0 || c == call.Internal || c == call.Emergency || len(day) != len(time.DateOnly) {
		return nil
	}
	month := day[:len("2026-11")]
	var out []call.Allowance
	for _, id := range t.names {
		a := t.byName[id]
		whose, name := a.whose(p)
		if name == "" || len(a.Of) > 0 && !slices.Contains(a.Of, whose) || !a.paysFor(c) || a.Since.Value > month {
			continue
		}
		out = append(out, a.of(id, name, month, t.alertAt))
	}
	return out
}

// All lists the accounts of a month, like 2026-11, that any of those who may call has, and those that are known to have
// been used, as far as there still is such an allowance; by allowance and name.
func (t *Allowances) All(payers []call.Payer, used []call.AccountKey, month string) []call.Allowance {
	seen := map[call.AccountKey]bool{}
	var out []call.Allowance
	add := func(id, name string) {
		key := call.AccountKey{ID: id, Name: name}
		if a, ok := t.byName[id]; ok && !seen[key] && name != "" && a.Since.Value <= month {
			seen[key] = true
			out = append(out, a.of(id, name, month, t.alertAt))
		}
	}
	for id, a := range t.byName {
		for _, p := range payers {
			if whose, name := a.whose(p); len(a.Of) == 0 || slices.Contains(a.Of, whose) {
				add(id, name)
			}
		}
	}
	for _, k := range used {
		add(k.ID, k.Name)
	}
	slices.SortFunc(out, func(a, b call.Allowance) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name)) })
	return out
}

func (a allowance) of(id, name, month string, alertAt []int) call.Allowance {
	since := month
	if a.CarryOver == "year" {
		since = max(month[:len("2026-")]+"01", a.Since.Value)
	}
	overrun := call.Overrun(a.Overrun)
	if overrun == "" {
		overrun = call.OverrunRefuse
	}
	return call.Allowance{
		ID: id, Scope: call.Scope(a.Scope), Name: name, Amount: a.AmountMinor, Month: month, Since: min(since, month),
		Overrun: overrun, AlertAt: alertAt,
	}
}

// whose returns what `of` compares, and the name of the account.
func (a allowance) whose(p call.Payer) (whose, name string) {
	switch call.Scope(a.Scope) {
	case call.OfExtension:
		return p.Extension, p.Extension
	case call.OfHolder:
		return p.Holder, p.Holder
	case call.OfDepartment:
		return p.Department, p.Department
	case call.OfGrade:
		if p.Grade == "" {
			return "", ""
		}
		return p.Grade, p.Extension
	}
	return "", ""
}

func (a allowance) paysFor(c call.Class) bool {
	return c != call.Internal && c != call.Emergency && (len(a.Classes) == 0 || slices.Contains(a.Classes, string(c)))
}
