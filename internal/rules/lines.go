package rules

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// readLines reads data/lines.yaml and data/bookings.yaml and holds them to data/directory.yaml. A file that is missing
// says what an empty one says: nothing is guarded, no trunk counted.
func readLines(files map[string]*dataFile, content map[string][]byte, dir call.Directory, bad *faults) *call.Lines {
	r := linesReader{
		handsetReader: handsetReader{dir: dir, bad: bad},
		lines:         &call.Lines{Guarded: map[string]call.GuardedLine{}, Trunks: map[string]call.TrunkLine{}},
	}
	if f := files["directory"]; dir == nil || f != nil && f.broken {
		r.dir = nil // what is wrong with it is told already
	}
	all := settingsOf(files["lines"], "lines", bad)
	r.trunks(files["lines"], all.under("trunks"))
	r.guarded(files["lines"], all.under("guarded"))
	r.unguarded(content)
	r.lines.Kept = all.texts("reserve_for")
	p := all.under("priority")
	r.lines.Priority = call.Priority{
		Usual: p.count("usual"), Undecided: p.count("undecided"),
		Line: p.under("line").counts(), Grade: p.under("grade").counts(), Class: p.under("class").counts(),
	}
	r.grades(files["lines"])
	r.bookings(files["bookings"])
	return r.lines
}

// linesReader reads what data says about lines.
type linesReader struct {
	handsetReader
	lines *call.Lines
}

// counts are the whole numbers of a mapping.
func (s settings) counts() map[string]int {
	all := make(map[string]int, len(s))
	for key := range s {
		all[key] = s.count(key)
	}
	return all
}

func (r linesReader) trunks(f *dataFile, trunks settings) {
	at := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(trunks)) {
		t := trunks.under(name)
		line := call.TrunkLine{Endpoint: t.text("endpoint"), Channels: t.count("channels"), Reserve: t.count("reserve")}
		if line.Reserve > line.Channels {
			f.fault(r.bad, []string{"trunks", name, "reserve"}, "%d channels cannot be kept free of %d", line.Reserve, line.Channels)
		}
		if strings.Contains(line.Endpoint, "NUMBER") {
			f.fault(r.bad, []string{"trunks", name, "endpoint"}, "%s is how a trunk is dialled; wanted is how the names of its channels begin: PJSIP/carrier", line.Endpoint)
		}
		if strings.HasPrefix(strings.ToLower(line.Endpoint), "local/") {
			f.fault(r.bad, []string{"trunks", name, "endpoint"}, "Local channels are no trunk; name the endpoint behind them: PJSIP/carrier")
		}
		endpoint := strings.ToLower(line.Endpoint) // as Asterisk takes it
		if other := at[endpoint]; other != "" {
			f.fault(r.bad, []string{"trunks", name, "endpoint"}, "%s is the trunk %s already; its channels would be counted twice", line.Endpoint, other)
		}
		at[endpoint], r.lines.Trunks[name] = name, line
	}
}

func (r linesReader) guarded(f *dataFile, guarded settings) {
	endpoints := map[string]string{}
	for _, ext := range slices.Sorted(maps.Keys(guarded)) {
		g := guarded.under(ext)
		where := []string{"guarded", ext}
		line := call.GuardedLine{
			Calls: r.list(f, g, "calls", where), Callers: r.list(f, g, "callers", where),
			OffHook: time.Duration(g.count("off_hook_seconds")) * time.Second, Ring: g.text("ring"), Endpoint: g.text("endpoint"),
		}
		if _, ok := g["priority"]; ok {
			p := g.count("priority")
			line.Priority = &p
		}
		r.purpose(f, ext, where)
		r.alarm(f, ext, line, where)
		endpoint := cmp.Or(line.Endpoint, "PJSIP/"+ext)
		if other := endpoints[strings.ToLower(endpoint)]; other != "" {
			f.fault(r.bad, append(where, "endpoint"), "%s is the endpoint of the guarded line %s already", endpoint, other)
		}
		endpoints[strings.ToLower(endpoint)] = ext
		r.lines.Guarded[ext] = line
	}
}

// purpose refuses a guarded line that the directory says to be an ordinary phone, or does not know.
func (r linesReader) purpose(f *dataFile, ext string, where []string) {
	r.phone(f, ext, where...)
	if e, ok := r.dir[ext]; ok && e.KindOf() == call.LinePhone {
		f.fault(r.bad, where, "a guarded line has a purpose: give extension %s line: alarm, duty or conference in data/directory.yaml", ext)
	}
}

// alarm checks what happens when the line is busy for too long.
func (r linesReader) alarm(f *dataFile, ext string, line call.GuardedLine, where []string) {
	at := append(slices.Clip(where), "ring")
	switch {
	case line.Ring == "":
		return
	case line.Ring == ext:
		f.fault(r.bad, at, "%s is the phone that is busy; name another one", ext)
	case line.OffHook == 0:
		f.fault(r.bad, at, "off_hook_seconds is missing: it says after how long %s rings", line.Ring)
	}
	r.phone(f, line.Ring, at...)
}

// list reads who is at the other end of a line; nil where that is not said.
func (r linesReader) list(f *dataFile, g settings, key string, where []string) *call.LineList {
	if _, ok := g[key]; !ok {
		return nil
	}
	s := g.under(key)
	where = append(slices.Clip(where), key)
	x := &call.LineList{
		Numbers: s.texts("numbers"), Prefixes: s.texts("prefixes"), Lists: s.texts("lists"),
		Extensions: s.texts("extensions"), Departments: s.texts("departments"),
	}
	r.phones(f, x.Extensions, append(slices.Clip(where), "extensions")...)
	r.departments(f, x.Departments, append(slices.Clip(where), "departments")...)
	return x
}

// departments refuses those of a list that no phone of the house belongs to.
func (r linesReader) departments(f *dataFile, names []string, keys ...string) {
	if r.dir == nil {
		return
	}
	known := map[string]bool{}
	for _, e := range r.dir {
		known[e.Department] = true
	}
	for i, name := range names {
		if !known[name] || name == "" {
			f.fault(r.bad, append(slices.Clip(keys), strconv.Itoa(i)), "no phone of data/directory.yaml is of the department %q%s",
				name, didYouMean(name, slices.Sorted(maps.Keys(known))))
		}
	}
}

// grades refuses a priority for a grade that no holder has.
func (r linesReader) grades(f *dataFile) {
	if r.dir == nil {
		return
	}
	known := map[string]bool{}
	for _, e := range r.dir {
		known[e.Grade] = true
	}
	for _, grade := range slices.Sorted(maps.Keys(r.lines.Priority.Grade)) {
		if !known[grade] {
			f.fault(r.bad, []string{"priority", "grade", grade}, "no phone of data/directory.yaml has the grade %q%s",
				grade, didYouMean(grade, slices.Sorted(maps.Keys(known))))
		}
	}
}

// unguarded refuses alarm and duty lines that have been forgotten, once any line is guarded.
func (r linesReader) unguarded(content map[string][]byte) {
	const file = "data/directory.yaml"
	if len(r.lines.Guarded) == 0 || r.dir == nil {
		return
	}
	for _, ext := range slices.Sorted(maps.Keys(r.dir)) {
		kind := r.dir[ext].KindOf()
		if _, ok := r.lines.Guarded[ext]; !ok && (kind == call.LineAlarm || kind == call.LineDuty) {
			at := yamlfile.At(file, content[file], "extensions."+ext+".line", "")
			at.Message = fmt.Sprintf("the line is for %s, but data/lines.yaml does not guard extension %s; add it under guarded: %q: {} is enough", kind, ext, ext)
			r.bad.found = append(r.bad.found, (*Error)(at))
		}
	}
}

// bookings reads data/bookings.yaml.
func (r linesReader) bookings(f *dataFile) {
	list, _ := settingsOf(f, "bookings", r.bad)["bookings"].([]any)
	for i, x := range list {
		fields, _ := x.(map[string]any)
		r.booking(f, fields, []string{"bookings", strconv.Itoa(i)})
	}
	r.overbooked(f)
}

func (r linesReader) booking(f *dataFile, s settings, where []string) {
	at := func(key string) []string { return append(slices.Clip(where), key) }
	b := call.Booking{
		Title: s.text("title"), Trunk: s.text("trunk"), Weekly: s.text("every") == "week", Channels: s.count("channels"),
		Extensions: s.texts("extensions"), Departments: s.texts("departments"),
	}
	var begins, ends bool // they are moments
	b.From, begins = r.moment(f, s.text("start"), at("start"))
	b.To, ends = r.moment(f, s.text("end"), at("end"))
	switch {
	case !begins || !ends: // said already
	case b.To <= b.From:
		f.fault(r.bad, at("end"), "the booking ends before it begins")
	case b.Weekly && b.To-b.From > 7*24*60:
		f.fault(r.bad, at("end"), "a booking that comes back every week lasts a week at most")
	}
	if text := s.text("until"); text != "" {
		until, ok := r.moment(f, text+" 23:59", at("until"))
		if b.Until = until; ok && begins && until < b.From {
			f.fault(r.bad, at("until"), "the booking begins only after this day")
		}
		if !b.Weekly {
			f.fault(r.bad, at("until"), "until is for a booking that comes back: add every: week")
		}
	}
	if _, ok := r.lines.Trunks[b.Trunk]; !ok {
		f.fault(r.bad, at("trunk"), "data/lines.yaml has no trunk %q%s", b.Trunk, didYouMean(b.Trunk, slices.Sorted(maps.Keys(r.lines.Trunks))))
	}
	if len(b.Extensions)+len(b.Departments) == 0 {
		f.fault(r.bad, at("title"), "nobody could use these channels: name extensions or departments")
	}
	if strings.ContainsFunc(b.Title, func(c rune) bool { return c < ' ' }) {
		f.fault(r.bad, at("title"), "a title is one line of text")
	}
	r.phones(f, b.Extensions, at("extensions")...)
	r.departments(f, b.Departments, at("departments")...)
	r.lines.Bookings = append(r.lines.Bookings, b)
}

// moment reads a date and a time of the clock on the wall, in minutes; false for what is none.
func (r linesReader) moment(f *dataFile, text string, where []string) (minute int, ok bool) {
	t, err := time.Parse(time.DateTime, text+":00")
	if err != nil {
		f.fault(r.bad, where, "%q is no date and time of the calendar", text)
	}
	return int(t.Unix() / 60), err == nil
}

// overbooked refuses bookings that hold more channels at once than a trunk has besides those that are kept free.
func (r linesReader) overbooked(f *dataFile) {
	all := r.lines.Bookings
	for i, b := range all {
		most := r.lines.Trunks[b.Trunk].Channels - r.lines.Trunks[b.Trunk].Reserve
		for _, other := range all {
			minute, comes := b.Next(other.From)
			if !comes && other.From >= b.From {
				continue
			}
			if held := r.held(b.Trunk, minute); held > most && r.lines.Trunks[b.Trunk].Channels > 0 {
				f.fault(r.bad, []string{"bookings", strconv.Itoa(i), "channels"},
					"%d channels of the trunk %s would be held at %s, but it has %d besides its reserve", held, b.Trunk,
					time.Unix(int64(minute)*60, 0).UTC().Format("2006-01-02 15:04"), most)
				break
			}
		}
	}
}

// held is how many channels of a trunk are booked at a minute.
func (r linesReader) held(trunk string, minute int) (sum int) {
	for _, b := range r.lines.Bookings {
		if b.Trunk == trunk && b.At(minute) {
			sum += b.Channels
		}
	}
	return sum
}

// Lines says which phones are guarded, how many channels the trunks have, and what is booked. It is not to be changed.
func (p *Policy) Lines() *call.Lines { return p.lines }

// lookupLines fills in the facts about the lines of both ends.
func (p *Policy) lookupLines(f *call.Facts) {
	if g, ok := p.lines.Guarded[f.Caller.Extension]; ok {
		f.Line.Guarded, f.Line.CallsListed = true, g.Calls == nil || g.Calls.Covers(f.Callee)
	}
	f.Callee.Line = call.CalleeLine{}
	called := f.Callee.Extension
	if _, ok := p.directory[f.Callee.Digits]; ok && f.Callee.Class == call.Internal {
		called = f.Callee.Digits // a short number is somebody's, too, but its own phone is another one
	}
	if e, ok := p.directory[called]; ok {
		f.Callee.Line.Kind = e.KindOf()
	}
	if g, ok := p.lines.Guarded[called]; ok {
		from := call.Number{Digits: f.Caller.Extension}
		if strings.HasPrefix(from.Digits, "+") {
			from.E164 = from.Digits
		}
		f.Callee.Line.Guarded = true
		f.Callee.Line.CallerListed = g.Callers == nil || g.Callers.Admits(f.Caller, p.tables.lists.Of(from))
	}
	if b, ok := p.lines.BookingOf(f.Caller, f.Time.Minute()); ok {
		f.Line.Booking = call.BookingFact{Active: true, Title: b.Title, Channels: b.Channels}
	}
}
