package dialpaths

import (
	"slices"
	"strconv"
	"strings"
)

// place is a priority that a call has come to, with what is known of it.
type place struct {
	extension *extension
	index     int // of the priority
	in        string
	exten     glob
	set       map[string][]glob
	parent    *place // the last priority of the extension before; nil for the first
	sure      bool   // false: only if a context that is not known is this one
}

// jump is where a call may go on.
type jump struct {
	context glob
	exten   glob
	step    string // a priority or a label; empty for 1
	set     map[string][]glob
	any     bool // to whatever extension of the context
}

// walk follows all that one extension leads to.
type walk struct {
	*finder
	from  From
	entry *extension
	seen  map[string]bool
	queue []*place
	// looping are the contexts that switch statements are being followed to.
	looping map[string]bool
}

// begin follows each extension that can be dialled in a context.
func (f *finder) begin(from From) {
	if f.site.Dialplan.contexts[from.Context] == nil {
		f.note(Finding{State: Unknown, From: []From{from}, Why: "there is no context " + from.Context + " in the dialplan: calls that begin there go nowhere",
			Remedy: "Look at the context= of its endpoints, or at --from"}, "start "+from.Context)
		return
	}
	w := &walk{finder: f, from: from, looping: map[string]bool{}}
	for _, p := range w.enter(jump{context: literal(from.Context), any: true}, nil) {
		w.entry, w.seen, w.queue = p.extension, map[string]bool{}, nil
		w.push(p)
		for len(w.queue) > 0 && f.budget > 0 {
			next := w.queue[0]
			w.queue = w.queue[1:]
			f.budget--
			w.visit(next)
		}
	}
}

// push has a place looked at, unless it was.
func (w *walk) push(p *place) {
	key := p.key()
	w.budget -= len(key) / 512 // long variables cost more
	if !w.seen[key] {
		w.seen[key] = true
		w.queue = append(w.queue, p)
	}
}

// key tells places apart by all that decides where they lead.
func (p *place) key() string {
	var b strings.Builder
	e := p.extension
	for _, s := range []string{e.context, e.name, e.caller, p.in, strconv.Itoa(p.index), strconv.FormatBool(p.sure), p.exten.key()} {
		b.WriteString(s)
		b.WriteByte(0xff)
	}
	names := make([]string, 0, len(p.set))
	for name := range p.set {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b.WriteString(name)
		for _, v := range p.set[name] {
			b.WriteByte(0xfe)
			b.WriteString(v.key())
		}
	}
	return b.String()
}

// enter returns the places that a jump leads to.
func (w *walk) enter(j jump, parent *place) []*place {
	name, ok := j.context.literal()
	if !ok {
		return nil
	}
	exten := undashed(j.exten)
	if j.any {
		exten = anything(true)
	}
	var all []*place
	matches, switches := w.look(name, exten, j.step)
	for _, m := range matches {
		p := &place{extension: m.extension, index: m.index, in: name, exten: exten.narrowed(m.extension.glob), set: j.set, parent: parent,
			sure: (parent == nil || parent.sure) && (j.step != "*" || m.index == 0)}
		all = append(all, p)
	}
	for _, s := range switches {
		all = append(all, w.toSwitch(s, name, parent)...)
	}
	return all
}

// match is an extension that is found in a context, and the priority that is meant.
type match struct {
	extension *extension
	index     int
}

// level is a context in which Asterisk looks for an extension, in its turn.
type level struct {
	context *context
	timed   bool
}

// levels are the contexts that are searched for an extension: the context, then what it includes.
func (f *finder) levels(name string) []level {
	var all []level
	seen := map[string]bool{}
	var visit func(name string, timed bool)
	visit = func(name string, timed bool) {
		c := f.site.Dialplan.contexts[name]
		if c == nil || seen[name] {
			return
		}
		seen[name] = true
		all = append(all, level{c, timed})
		for _, i := range c.includes {
			visit(i.name, timed || i.timed)
		}
	}
	visit(name, false)
	return all
}

// look finds the extensions of a context that may be meant, as Asterisk does: what a context of an earlier turn has for
// all of it hides the later ones, and within a context the narrower pattern counts. It returns the switch statements that
// are asked, too.
func (f *finder) look(name string, exten glob, step string) (all []match, switches []string) {
	var hiding []glob // patterns of earlier contexts that always count
	for _, l := range f.levels(name) {
		var here []match
		for _, e := range l.context.extensions {
			if i := e.position(step); i >= 0 && e.glob.overlaps(exten) {
				here = append(here, e.matches(i, step)...)
			}
		}
		for _, m := range here {
			wanted := exten.narrowed(m.extension.glob)
			hidden := slices.ContainsFunc(hiding, func(h glob) bool { return h.covers(wanted) }) ||
				slices.ContainsFunc(here, func(o match) bool { return o.extension.beats(m.extension) && o.extension.glob.covers(wanted) })
			if !hidden {
				all = append(all, m)
			}
		}
		for _, m := range here {
			if m.extension.caller == "" && !l.timed {
				hiding = append(hiding, m.extension.glob)
			}
		}
		if !slices.ContainsFunc(hiding, func(h glob) bool { return h.covers(exten) }) {
			switches = append(switches, l.context.switches...)
		}
	}
	return all, switches
}

// beats reports whether an extension is narrower than another one of its context, and for everybody.
func (e *extension) beats(o *extension) bool {
	return e != o && e.caller == "" && o.glob.covers(e.glob) && !e.glob.covers(o.glob)
}

// position is where a priority or a label is; "" is priority 1, "*" any, the first.
func (e *extension) position(step string) int {
	switch {
	case step == "*" && len(e.priorities) > 0:
		return 0
	case step == "":
		return e.at(1)
	}
	if n, err := strconv.Atoi(step); err == nil {
		return e.at(n)
	}
	return e.labelled(step)
}

// matches is the priority at i, with "*" those behind it, too.
func (e *extension) matches(i int, step string) []match {
	all := []match{{e, i}}
	for step == "*" && i < len(e.priorities)-1 {
		i++
		all = append(all, match{e, i})
	}
	return all
}

// visit looks at one priority, and has those looked at that may follow.
func (w *walk) visit(p *place) {
	at := &p.extension.priorities[p.index]
	ours := w.isOurs(p.extension, at)
	if ours && at.number == 1 {
		return
	}
	s := scope{plan: w.finder, context: p.in, exten: p.exten, set: p.set}
	if at.cut {
		w.unknown(p, "Asterisk prints only the beginning of it")
	}
	r := &run{walk: w, place: p, scope: s, ours: ours, next: true}
	r.application(at.app, at.data)
	for _, j := range r.jumps {
		for _, to := range w.enter(j, p) {
			w.push(to)
		}
	}
	for _, e := range w.named(p.in) {
		if e != p.extension {
			w.push(&place{extension: e, in: p.in, exten: e.glob, set: p.set, parent: p, sure: p.sure})
		}
	}
	if r.next {
		w.follow(p, r.set(at))
	}
}

// named are the extensions of a context, and of what it includes, that Asterisk itself sends a call to: at its end, in its
// time, where something is invalid.
func (f *finder) named(context string) []*extension {
	if all, known := f.own[context]; known {
		return all
	}
	all := []*extension{}
	for _, l := range f.levels(context) {
		for _, e := range l.context.extensions {
			same := func(o *extension) bool { return o.name == e.name }
			if slices.Contains(ownNames, e.name) && len(e.priorities) > 0 && !slices.ContainsFunc(all, same) {
				all = append(all, e)
			}
		}
	}
	f.own[context] = all
	return all
}

var ownNames = []string{"h", "e", "T", "i", "t", "o", "a"}

// follow goes on to the next priority: of this extension, or, where it has none, of whatever else the context has for what
// was dialled.
func (w *walk) follow(p *place, set map[string][]glob) {
	number := p.extension.priorities[p.index].number + 1
	if i := p.extension.at(number); i >= 0 {
		w.push(&place{extension: p.extension, index: i, in: p.in, exten: p.exten, set: set, parent: p.parent, sure: p.sure})
		return
	}
	matches, _ := w.look(p.in, p.exten, strconv.Itoa(number))
	for _, m := range matches {
		w.push(&place{extension: m.extension, index: m.index, in: p.in, exten: p.exten.narrowed(m.extension.glob), set: set, parent: p, sure: p.sure})
	}
}

// path is the way to a place: the priority at which each extension was left, and the place itself.
func (p *place) path() []Step {
	var steps []Step
	for ; p != nil; p = p.parent {
		at := p.extension.priorities[p.index]
		steps = append(steps, Step{p.extension.context, p.extension.name, at.number, at.app, at.data, at.place})
	}
	slices.Reverse(steps)
	return steps
}

// report keeps a finding about a place: one for each extension that can be dialled, place and trunk.
func (w *walk) report(p *place, state State, trunk, why, remedy string) {
	steps := p.path()
	if state == Bypass && !p.sure {
		state, why = Unknown, "if a variable leads here, it "+why
	}
	last := steps[len(steps)-1]
	key := last.String() + "\x00" + trunk + "\x00" + why
	if state == Bypass {
		key += "\x00" + w.entry.context + "\x00" + w.entry.name + "\x00" + w.entry.caller
	}
	w.note(Finding{State: state, From: []From{w.from}, Steps: steps, Trunk: trunk, Why: why, Remedy: remedy}, key)
}

// unknown reports a place that cannot be followed.
func (w *walk) unknown(p *place, why string) {
	w.report(p, Unknown, "", "cannot tell where this leads: "+why, "Look at it: it must lead to no trunk but through dialwarden-outbound")
}
