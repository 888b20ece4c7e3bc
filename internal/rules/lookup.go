package rules

import (
	"maps"
	"slices"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/hours"
	"github.com/dialwarden/dialwarden/internal/lists"
	"github.com/dialwarden/dialwarden/internal/tariff"
)

// tables are what data files hold that Go looks up for the rules, because it does so in no time.
type tables struct {
	lists *lists.Table // data/lists.yaml
	hours *hours.Table // data/hours.yaml
	short call.ShortCalls
	keep  call.Retention
	rates *tariff.Rates      // data/rates.yaml
	paid  *tariff.Allowances // data/allowances.yaml
	spike spike
}

// readTables holds every data file to its schema and reads those that become tables. Lists and hours come first: the
// other files name what is in them.
func readTables(files map[string]*dataFile, bad *faults) tables {
	t := tables{lists: &lists.Table{}, hours: &hours.Table{}, rates: &tariff.Rates{}, paid: &tariff.Allowances{}}
	names := map[string][]string{}
	early := []string{"lists", "hours"}
	for _, key := range early {
		if f := files[key]; f != nil {
			f.validate(nil, bad)
		}
	}
	var err error
	if f := files["lists"]; f != nil && !f.broken {
		if t.lists, err = lists.Read(f.name, f.tree); err != nil {
			bad.add(err)
			t.lists = &lists.Table{}
		}
		f.value = withoutEntries(f.value)
	}
	if f := files["hours"]; f != nil && !f.broken {
		if t.hours, err = hours.Read(f.name, f.tree); err != nil {
			bad.add(err)
			t.hours = &hours.Table{}
		}
	}
	if !bad.any() {
		names["lists"], names["schedules"] = t.lists.Names(), t.hours.Names()
	}
	for _, key := range slices.Sorted(maps.Keys(files)) {
		if !slices.Contains(early, key) {
			files[key].validate(names, bad)
		}
	}
	t.short = shortCalls(files["short_calls"])
	t.spike = spikeOf(files["after_hours_spike"])
	t.keep = retention(files["retention"], bad)
	t.money(files, bad)
	return t
}

// money reads what calls cost and which allowances pay. Rules see what a call costs in input.callee.rate, and not the
// rates, of which there may be thousands.
func (t *tables) money(files map[string]*dataFile, bad *faults) {
	if f := files["rates"]; f != nil {
		if !f.broken {
			rates, err := tariff.Read(f.name, f.tree, t.hours)
			if bad.add(err); err == nil {
				t.rates = rates
			}
		}
		fields, _ := f.value.(map[string]any)
		f.value = map[string]any{"currency": fields["currency"], "rounding": fields["rounding"]}
	}
	if f := files["allowances"]; f != nil && !f.broken {
		paid, err := tariff.ReadAllowances(f.name, f.tree)
		if bad.add(err); err == nil {
			t.paid = paid
		}
	}
}

// withoutEntries is what rules see of data/lists.yaml: the names of the lists and what they are for. Which numbers are in
// them is in input.callee.lists.
func withoutEntries(v any) any {
	all := map[string]any{}
	named, _ := v.(map[string]any)
	for name, l := range named {
		text := ""
		if fields, ok := l.(map[string]any); ok {
			text, _ = fields["text"].(string)
		}
		all[name] = map[string]any{"text": text}
	}
	return all
}

// shortCalls reads what data/short_calls.yaml calls a short call.
func shortCalls(f *dataFile) call.ShortCalls {
	s := call.ShortCalls{Seconds: 15, Within: time.Hour}
	if f == nil {
		return s
	}
	fields, _ := f.value.(map[string]any)
	if n, ok := whole(fields["seconds"]); ok {
		s.Seconds = int(n)
	}
	if n, ok := whole(fields["within_minutes"]); ok {
		s.Within = time.Duration(n) * time.Minute
	}
	return s
}

// spike is what counts as an attempt after hours; without classes none does.
type spike struct {
	schedule string
	classes  []call.Class
}

// spikeOf reads data/after_hours_spike.yaml.
func spikeOf(f *dataFile) (s spike) {
	if f == nil || f.broken {
		return s
	}
	fields, _ := f.value.(map[string]any)
	all := settings(fields)
	s.schedule = all.text("schedule")
	for _, c := range all.texts("classes") {
		s.classes = append(s.classes, call.Class(c))
	}
	return s
}

// retention reads data/retention.yaml.
func retention(f *dataFile, bad *faults) call.Retention {
	keep := call.Retention{}
	if f == nil || f.broken {
		return keep
	}
	kinds, _ := f.value.(map[string]any)
	for _, kind := range call.RetentionKinds() {
		fields, _ := kinds[string(kind)].(map[string]any)
		full, _ := whole(fields["full_days"])
		days, _ := whole(fields["days"])
		if days > 0 && days < full {
			f.fault(bad, []string{string(kind), "days"}, "the record goes after %d days, before its numbers are masked after %d: give it as many days or more", days, full)
		}
		keep[kind] = call.Keep{FullDays: int(full), Days: int(days)}
	}
	return keep
}

func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case uint64:
		return int64(min(v, 1<<31)), true
	case float64: // a default of a schema
		return int64(v), v == float64(int64(v))
	}
	return 0, false
}

// Lookup fills in the facts that the policy's own data gives, from those that are there: the schedules that are open, the
// holiday, the lists that the called number is in, the lines of both ends.
func (p *Policy) Lookup(f *call.Facts) {
	f.Time.Schedules, f.Time.Holiday = p.tables.hours.At(f.Time.Date, f.Time.Weekday, f.Time.MinuteOfDay)
	f.Callee.Lists = p.tables.lists.Of(f.Callee.Number)
	p.lookupLines(f)
}

// AfterHours reports whether an attempt counts as one after hours: input.usage has how many there were.
func (p *Policy) AfterHours(f *call.Facts) bool {
	s := p.tables.spike
	return slices.Contains(s.classes, f.Callee.Class) && !slices.Contains(f.Time.Schedules, s.schedule)
}

// Terms says what a call costs that is decided at a moment, in the zone of the site; false if that is not known. The lists of
// the number must have been looked up.
func (p *Policy) Terms(c call.Callee, at time.Time) (call.Terms, bool) {
	return p.tables.rates.Terms(c.Number, c.Lists, at)
}

// Paying lists the allowances that pay for a call of a class on a day of the site, by name.
func (p *Policy) Paying(who call.Payer, c call.Class, day string) []call.Allowance {
	return p.tables.paid.Paying(who, c, day)
}

// Rates is what calls cost.
func (p *Policy) Rates() *tariff.Rates { return p.tables.rates }

// Allowances are all allowances.
func (p *Policy) Allowances() *tariff.Allowances { return p.tables.paid }

// ShortCalls says which earlier calls input.usage counts as short.
func (p *Policy) ShortCalls() call.ShortCalls { return p.tables.short }

// Retention says how long calls are kept.
func (p *Policy) Retention() call.Retention { return p.tables.keep }

// Lists names the lists of data/lists.yaml, sorted.
func (p *Policy) Lists() []string { return p.tables.lists.Names() }
