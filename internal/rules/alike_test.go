package rules

import (
	"bytes"
	"io/fs"
	"reflect"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/policy"
)

// variants are a call and others that differ from it in one thing.
func variants(f call.Facts) []call.Facts {
	all := []call.Facts{f}
	for _, change := range []func(*call.Facts){
		func(f *call.Facts) { f.Time = call.ClockAt(time.Date(2026, 11, 23, 9, 1, 0, 0, time.UTC), time.UTC) },
		func(f *call.Facts) { f.Time.Schedules = []string{"duty"} },
		func(f *call.Facts) { f.Time.Holiday = "New Year" },
		func(f *call.Facts) { f.Caller.Known = !f.Caller.Known },
		func(f *call.Facts) { f.Caller.Grade, f.Caller.Department = f.Caller.Department, f.Caller.Grade },
		func(f *call.Facts) { f.Callee.Digits = "+862112345678" },
		func(f *call.Facts) { f.Callee.CarrierPrefix = "17951" },
		func(f *call.Facts) { f.Callee.Extension = "103" },
		func(f *call.Facts) { f.Callee.Risk = []string{} },
		func(f *call.Facts) { f.Callee.Lists = []string{"blocked", "line_test"} },
		func(f *call.Facts) { f.Line.Kind = "conference" },
		func(f *call.Facts) { f.Usage.ConcurrentCalls = 4 },
		func(f *call.Facts) { f.Usage.ClassAttemptsLastMinute = 12 },
		func(f *call.Facts) { f.Usage.ShortCallsToNumber = 9 },
		func(f *call.Facts) { f.Usage.FirstToRegion = !f.Usage.FirstToRegion },
		func(f *call.Facts) { f.Sanction.Suspended = true },
		func(f *call.Facts) { f.Credentials.PIN = call.Credential{Valid: true, Level: 1} },
		func(f *call.Facts) { f.Credentials.PIN = call.Credential{Valid: true, Level: 2} },
		func(f *call.Facts) { f.Credentials.Approval.Valid = true },
		func(f *call.Facts) { f.Attempt.Channel, f.Attempt.Dialled = "1.2", "9110" },
	} {
		v := f
		change(&v)
		all = append(all, v)
	}
	return all
}

// TestAlike holds calls that have one key to one decision, in policies with little and with everything turned on.
func TestAlike(t *testing.T) {
	for name, fsys := range map[string]fs.FS{"shipped": policy.FS, "busy": busy(t)} {
		t.Run(name, func(t *testing.T) {
			p, err := Load(fsys, Options{Deadline: 10 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			decided := map[string]call.Decision{}
			asked := 0
			for _, f := range calls(read(fsys, &faults{})) {
				for _, v := range variants(f) {
					asked++
					d := p.Judge(t.Context(), v)
					d.Elapsed = 0
					key := string(p.Alike(nil, &v))
					if have, ok := decided[key]; ok && !reflect.DeepEqual(have, d) {
						t.Fatalf("%+v\nhas the key of another call and got %+v\nwhich got %+v", v, d, have)
					}
					decided[key] = d
				}
			}
			if len(decided) < 2 || len(decided) > asked*9/10 {
				t.Errorf("%d keys for %d calls", len(decided), asked)
			}
		})
	}
}

// TestAlikeSees tells apart what a rule looks at, by whatever way, and nothing else.
func TestAlikeSees(t *testing.T) {
	channel := func(f *call.Facts) { f.Attempt.Channel = "1.9" }
	grade := func(f *call.Facts) { f.Caller.Grade = "staff" }
	tests := map[string]struct {
		rego, mode string
		change     func(*call.Facts)
		want       bool // the change is seen
	}{
		"a comparison":         {`deny contains "x" if input.caller.grade == "staff"`, "enforce", grade, true},
		"nothing":              {`deny contains "x" if input.caller.grade == "staff"`, "enforce", channel, false},
		"in shadow":            {`deny contains "x" if input.caller.grade == "staff"`, "shadow", grade, true},
		"off":                  {`deny contains "x" if input.caller.grade == "staff"`, "off", grade, false},
		"turned off by data":   {"deny contains \"x\" if {\n\tdata.things.on == true\n\tinput.caller.grade == \"staff\"\n}", "enforce", grade, false},
		"a group by itself":    {"deny contains \"x\" if {\n\tc := input.caller\n\tc.grade == \"staff\"\n}", "enforce", grade, true},
		"any field of a group": {`deny contains "x" if input.caller[_] == "staff"`, "enforce", grade, true},
		"a helper":             {"deny contains \"x\" if junior\n\njunior if input.caller.grade == \"staff\"", "enforce", grade, true},
		"a negated helper":     {"deny contains \"x\" if not junior\n\njunior if input.caller.grade == \"staff\"", "enforce", grade, true},
		"a function":           {"deny contains \"x\" if junior(input.caller)\n\njunior(c) if c.grade == \"staff\"", "enforce", grade, true},
		"the member":           {`deny contains {"rule": "x", "reason": input.caller.grade}`, "enforce", grade, true},
		"a comprehension":      {`deny contains "x" if count([1 | input.caller.grade == "staff"]) > 0`, "enforce", grade, true},
		"an else":              {"deny contains \"x\" if junior\n\njunior if {\n\tdata.things.on == true\n} else if {\n\tinput.caller.grade == \"staff\"\n}", "enforce", grade, true},
		"a key of data":        {`deny contains "x" if data.things.grades[input.caller.grade]`, "enforce", grade, true},
		"a key of empty data":  {`deny contains "x" if data.things.none[input.caller.grade]`, "enforce", grade, false},
		"behind what can fail": {"deny contains \"x\" if not odd\n\nodd if {\n\tto_number(input.attempt.channel) > 5\n\tdata.things.on == true\n\tinput.caller.grade == \"staff\"\n}", "enforce", grade, true},
		"an unlisted phone":    {`deny contains "x" if input.callee.class == "local"`, "enforce", func(f *call.Facts) { f.Caller.Known = true }, true},
		"the holder of a PIN":  {`deny contains "x" if input.caller.grade == "staff"`, "enforce", func(f *call.Facts) { f.Credentials.PIN.Holder = "A" }, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := seeing(t, tt.rego, tt.mode)
			var a, b call.Facts
			tt.change(&b)
			if seen := !bytes.Equal(p.Alike(nil, &a), p.Alike(nil, &b)); seen != tt.want {
				t.Errorf("got %v, the fields %v", seen, p.sight.fields)
			}
		})
	}
	if p := seeing(t, `deny contains "x" if object.get(input, "line", {}) == {}`, "enforce"); p.Alike(nil, &call.Facts{}) != nil {
		t.Error("a rule that looks at the whole input has a key")
	}
}

func seeing(t *testing.T, rego, mode string) *Policy {
	t.Helper()
	fsys := fstest.MapFS{
		"rules/x.rego":     {Data: []byte("package dialwarden.outbound\n\n" + rego + "\n")},
		"data/rules.yaml":  {Data: []byte("x: {title: X, mode: " + mode + "}\n")},
		"data/things.yaml": {Data: []byte("on: false\ngrades: {staff: true}\nnone: {}\n")},
	}
	if mode == "off" {
		fsys["data/rules.yaml"] = &fstest.MapFile{Data: []byte("x: {title: X, mode: \"off\"}\n")}
	}
	p, err := Load(fsys, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
