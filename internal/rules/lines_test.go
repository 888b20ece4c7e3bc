package rules_test

import (
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// house is a directory with lines of each kind, what guards them, and a booking that comes back every week.
var house = map[string]string{
	"data/directory.yaml": `extensions:
  "101": {holder: Chen, department: board, grade: director}
  "102": {holder: Li, department: security}
  "201": {holder: Gate, department: security, line: alarm}
  "202": {holder: Duty room, department: security, line: duty, mobile: "13900000202", short_number: "6202"}
  "203": {holder: Hall, department: board, line: conference}
`,
	"data/lists.yaml": "fire: {numbers: [\"+861062345678\", \"119999\"], prefixes: [\"+8621\"]}\nheads: {numbers: [\"101\"]}\n",
	"data/lines.yaml": `guarded:
  "201":
    calls: {lists: [fire], extensions: ["202"], numbers: ["95588"], prefixes: ["+86139"]}
    callers: {}
    off_hook_seconds: 60
    ring: "202"
  "202": {callers: {departments: [security], lists: [heads], prefixes: ["+8610"]}, priority: 99}
trunks: {default: {endpoint: PJSIP/carrier, channels: 6}}
priority: {grade: {director: 75}, class: {mobile: 20}}
`,
	"data/bookings.yaml": `bookings:
  - {title: Board, start: "2026-11-30 23:00", end: "2026-12-01 01:00", every: week, until: "2026-12-14", channels: 4, extensions: ["203"]}
  - {title: Once, start: "2026-12-02 09:00", end: "2026-12-02 10:00", channels: 2, departments: [board]}
`,
}

// TestLineFacts: who may call whom, by the lists of both ends.
func TestLineFacts(t *testing.T) {
	p := load(t, house)
	number := func(class call.Class, digits, e164 string) call.Callee {
		return call.Callee{Number: call.Number{Class: class, Digits: digits, E164: e164}}
	}
	inside := func(digits, extension string) call.Callee {
		c := number(call.Internal, digits, "")
		c.Extension, c.Department = extension, p.Directory()[extension].Department
		return c
	}
	for name, x := range map[string]struct {
		from           string
		to             call.Callee
		listed         bool // the callee, on the caller's list
		kind           string
		guarded, from2 bool // the callee's line, and whether it may be called from there
	}{
		"the list of the alarm line":       {from: "201", to: number(call.Local, "62345678", "+861062345678"), listed: true},
		"a prefix of its list":             {from: "201", to: number(call.National, "02150000000", "+862150000000"), listed: true},
		"a prefix of its own":              {from: "201", to: number(call.Mobile, "13911112222", "+8613911112222"), listed: true},
		"a short code":                     {from: "201", to: number(call.Service, "95588", ""), listed: true},
		"a number that is not listed":      {from: "201", to: number(call.Local, "62345679", "+861062345679")},
		"to the duty room":                 {from: "201", to: inside("202", "202"), listed: true, kind: "duty", guarded: true, from2: true},
		"to somebody else inside":          {from: "201", to: inside("101", "101"), kind: "phone"},
		"the duty room may call everybody": {from: "202", to: number(call.Local, "62345679", "+861062345679"), listed: true},
		"nobody calls the alarm line":      {from: "202", to: inside("201", "201"), listed: true, kind: "alarm", guarded: true},
		"a colleague on the list":          {from: "101", to: inside("202", "202"), kind: "duty", guarded: true, from2: true},
		"a colleague who is not":           {from: "203", to: inside("202", "202"), kind: "duty", guarded: true},
		"of the department":                {from: "102", to: inside("202", "202"), kind: "duty", guarded: true, from2: true},
		"from outside":                     {from: "+861062220000", to: inside("202", "202"), kind: "duty", guarded: true, from2: true},
		"from elsewhere":                   {from: "+862162220000", to: inside("202", "202"), kind: "duty", guarded: true},
		"nobody":                           {from: "", to: inside("202", "202"), kind: "duty", guarded: true},
		"a short number":                   {from: "203", to: inside("6202", "202"), kind: "duty", guarded: true},
	} {
		f := call.Facts{Caller: p.Directory().Caller(x.from), Callee: x.to}
		p.Lookup(&f)
		want := call.CalleeLine{Kind: x.kind, Guarded: x.guarded, CallerListed: x.from2}
		if f.Line.CallsListed != x.listed || f.Line.Guarded != (x.from == "201" || x.from == "202") || f.Callee.Line != want {
			t.Errorf("%s: got %+v, %+v", name, f.Line, f.Callee.Line)
		}
	}
}

// TestBookingFacts follows the bookings through their hours, by the clock on the wall.
func TestBookingFacts(t *testing.T) {
	p := load(t, house)
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"2026-11-30 22:59": "", "2026-11-30 23:00": "Board", "2026-12-01 00:59": "Board", "2026-12-01 01:00": "",
		"2026-12-02 09:30": "Once", "2026-12-02 10:00": "", "2026-11-23 23:30": "",
		"2026-12-07 23:30": "Board", "2026-12-15 00:30": "Board", "2026-12-21 23:30": "",
	} {
		moment, err := time.ParseInLocation("2006-01-02 15:04", at, zone)
		if err != nil {
			t.Fatal(err)
		}
		f := call.Facts{Time: call.ClockAt(moment, zone), Caller: p.Directory().Caller("203")}
		p.Lookup(&f)
		if f.Line.Booking.Title != want || f.Line.Booking.Active != (want != "") {
			t.Errorf("%s: got %+v, want %q", at, f.Line.Booking, want)
		}
		f.Caller = p.Directory().Caller("102")
		p.Lookup(&f)
		if f.Line.Booking.Active && want == "" || f.Caller.Extension != "102" {
			t.Errorf("%s: somebody else has %+v", at, f.Line.Booking)
		}
	}
}

// TestPriority: the line's own counts before its kind, that before the grade, that before the class of the number.
func TestPriority(t *testing.T) {
	l := load(t, house).Lines()
	for _, x := range []struct {
		extension, kind, grade string
		class                  call.Class
		want                   int
	}{
		{"202", "duty", "", call.Local, 99},
		{"203", "conference", "director", call.Mobile, 70},
		{"101", "phone", "director", call.Mobile, 75},
		{"102", "phone", "", call.Mobile, 20},
		{"102", "phone", "", call.Local, 50},
	} {
		if got := l.PriorityOf(x.extension, x.kind, x.grade, x.class); got != x.want {
			t.Errorf("%+v: got %d", x, got)
		}
	}
}

// TestWhoseChannel finds trunks and guarded lines by the names of channels.
func TestWhoseChannel(t *testing.T) {
	l := call.Lines{
		Trunks: map[string]call.TrunkLine{
			"default": {Endpoint: "PJSIP/carrier"}, "second": {Endpoint: "PJSIP/carrier-2"}, "isdn": {Endpoint: "DAHDI/i1"},
		},
		Guarded: map[string]call.GuardedLine{"201": {}, "202": {Endpoint: "PJSIP/duty-room"}},
	}
	for name, want := range map[string]string{
		"PJSIP/carrier-0000002a": "default", "PJSIP/carrier-2-0000002a": "second", "DAHDI/i1/2062345678-3": "isdn",
		"PJSIP/carriers-0000002a": "", "PJSIP/101-0000002a": "",
	} {
		if got := l.TrunkOf(name); got != want {
			t.Errorf("TrunkOf(%s) = %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"PJSIP/201-0000002a": "201", "PJSIP/duty-room-0000002a": "202", "PJSIP/202-0000002a": "", "PJSIP/101-0000002a": "",
	} {
		if got := l.GuardedAt(name); got != want {
			t.Errorf("GuardedAt(%s) = %q, want %q", name, got, want)
		}
	}
}
