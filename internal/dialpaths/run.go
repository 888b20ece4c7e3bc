package dialpaths

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// run is one application at a place, and what follows from it.
type run struct {
	walk  *walk
	place *place
	scope scope
	ours  bool
	jumps []jump
	next  bool // the call may go on at the next priority
	depth int  // applications within applications
	// through is who dials at this place, where that is not the application itself.
	through string
}

// runners say what each application that matters does, by its name in small letters. The others go on to the next priority.
var runners map[string]func(r *run, data string, args []string)

func init() {
	runners = map[string]func(r *run, data string, args []string){
		"hangup": (*run).end, "return": (*run).end, "busy": (*run).end, "congestion": (*run).end, "macroexit": (*run).end,
		"goto":       func(r *run, _ string, a []string) { r.next = false; r.jump(a) },
		"gotoif":     (*run).gotoIf,
		"gotoiftime": (*run).gotoIf,
		"gosub":      func(r *run, data string, _ []string) { r.gosub(data) },
		"gosubif":    (*run).gosubIf,
		"macro":      func(r *run, _ string, a []string) { r.macro(a) }, "macroexclusive": func(r *run, _ string, a []string) { r.macro(a) },
		"macroif": (*run).macroIf,
		"execif":  (*run).execIf, "execiftime": (*run).execIf,
		"exec": func(r *run, data string, _ []string) { r.inner(data) }, "tryexec": func(r *run, data string, _ []string) { r.inner(data) },
		"dial":      func(r *run, _ string, a []string) { r.dial(arg(a, 0), arg(a, 2)) },
		"retrydial": func(r *run, _ string, a []string) { r.dial(arg(a, 3), arg(a, 5)) },
		"page": func(r *run, _ string, a []string) {
			r.targets(arg(a, 0), "i")
			r.routines(arg(a, 1), "bB")
		},
		"park":            func(r *run, _ string, a []string) { r.comeback(arg(a, 1)) },
		"parkandannounce": (*run).parkAndAnnounce,
		"bridge":          func(r *run, _ string, a []string) { r.goOn(arg(a, 1)) },
		"voicemail":       (*run).voiceMail, "voicemailmain": (*run).voiceMailMain,
		"confbridge": (*run).confBridge,
		"chanspy":    (*run).spy, "extenspy": (*run).spy,
		"set":       func(r *run, data string, _ []string) { r.sets("set", data) },
		"mset":      func(r *run, data string, _ []string) { r.sets("mset", data) },
		"originate": (*run).originate,
		"queue":     (*run).queue, "addqueuemember": (*run).addMember,
		"followme": (*run).followMe,
		"transfer": func(r *run, _ string, a []string) { r.transfer(arg(a, 0)) },
		"background": func(r *run, _ string, a []string) {
			r.anywhere(firstOf(arg(a, 3), r.place.in))
		},
		"backgrounddetect": func(r *run, _ string, _ []string) { r.anywhere(r.place.in) },
		"waitexten":        func(r *run, _ string, _ []string) { r.anywhere(r.place.in) },
		"disa":             (*run).disa,
		"directory":        func(r *run, _ string, a []string) { r.anywhere(firstOf(arg(a, 1), firstOf(arg(a, 0), "default"))) },
		"channelredirect":  func(r *run, _ string, a []string) { r.jump(rest(a, 1)) },
		"blindtransfer":    func(r *run, _ string, a []string) { r.to(firstOf(arg(a, 1), r.place.in), arg(a, 0), "") },
		"attendedtransfer": func(r *run, _ string, _ []string) { r.anywhere(r.place.in) },
		"stasis": func(r *run, _ string, a []string) {
			r.script("the application " + arg(a, 0) + " of the REST interface")
		},
		"agi": (*run).agi, "eagi": (*run).agi, "deadagi": (*run).agi,
		"externalivr": func(r *run, _ string, a []string) { r.script("the program " + arg(a, 0)) },
		"slatrunk":    func(r *run, _ string, _ []string) { r.unknown("sla.conf names the trunk") },
		"slastation":  func(r *run, _ string, _ []string) { r.unknown("sla.conf names the trunk") },
		"system":      (*run).system, "trysystem": (*run).system,
	}
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// application finds what an application does.
func (r *run) application(name, data string) {
	if does := runners[strings.ToLower(strings.TrimSpace(name))]; does != nil {
		does(r, data, split(data, ','))
	}
}

// inner is an application in the arguments of another one: Dial(PJSIP/101,30)
func (r *run) inner(text string) {
	if r.depth++; r.depth > deepest {
		return
	}
	name, data, _ := application(strings.TrimSpace(text))
	if strings.Contains(name, "$") {
		r.unknown("which application runs is in a variable: " + name)
		return
	}
	next := r.next
	r.application(name, data)
	r.next = next // under a condition, or after a failure, the call goes on
}

func (r *run) end(string, []string) { r.next = false }

// unknown reports that this place cannot be followed; in our own file it can.
func (r *run) unknown(why string) {
	if !r.ours {
		r.walk.unknown(r.place, why)
	}
}

func (r *run) script(what string) { r.unknown(what + " decides where the call goes") }

// jump goes to [[context,]exten,]priority.
func (r *run) jump(args []string) {
	switch len(args) {
	case 1:
		if isVariable(args[0]) {
			r.whole(args[0], r.scope.set)
			return
		}
		r.to(r.place.in, "${EXTEN}", arg(args, 0))
	case 2:
		r.to(r.place.in, arg(args, 0), arg(args, 1))
	default:
		r.to(arg(args, 0), arg(args, 1), arg(args, 2))
	}
}

// to goes to a place, each part of which may hold variables.
func (r *run) to(context, exten, step string) {
	r.toWith(context, exten, step, r.scope.set)
}

func (r *run) toWith(context, exten, step string, set map[string][]glob) {
	context, exten = firstOf(context, r.place.in), firstOf(exten, "${EXTEN}")
	for _, c := range r.scope.expand(context) {
		if _, ok := c.literal(); !ok {
			r.unknown("the context is in a variable: " + context)
			continue
		}
		for _, e := range r.scope.expand(exten) {
			for _, p := range r.scope.expand(step) {
				r.jumps = append(r.jumps, jump{context: c, exten: e, step: r.step(p), set: set})
			}
		}
	}
}

// step is a priority or a label; "*" for one that is in a variable. +2 and -1 count from the priority of this place.
func (r *run) step(p glob) string {
	name, ok := p.literal()
	if !ok {
		return "*"
	}
	name = strings.TrimSpace(name)
	if n, err := strconv.Atoi(name); err == nil && strings.ContainsAny(name[:1], "+-") {
		return strconv.Itoa(r.place.extension.priorities[r.place.index].number + n)
	}
	return name
}

// anywhere goes to whatever extension of a context the caller dials; a context in which calls begin is looked at by itself.
func (r *run) anywhere(context string) {
	for _, c := range r.scope.expand(context) {
		name, ok := c.literal()
		switch {
		case !ok:
			r.unknown("the context is in a variable: " + context)
		case !r.walk.started[name]:
			r.jumps = append(r.jumps, jump{context: c, any: true, set: r.scope.set})
		}
	}
}

func (r *run) gotoIf(data string, _ []string) {
	for _, side := range branches(data) {
		r.jump(split(side, ','))
	}
}

// gosub goes to [[context,]exten,]priority[(arguments)] and comes back.
func (r *run) gosub(data string) {
	args := split(data, ',')
	last := args[len(args)-1]
	set := r.scope.set
	if open := strings.IndexByte(last, '('); open >= 0 && !strings.HasPrefix(last, "$") {
		end := matching(last, open)
		if end < 0 {
			end = len(last)
		}
		set = r.arguments(split(last[open+1:end], ','))
		args[len(args)-1] = last[:open]
	}
	before := r.scope.set
	r.scope.set = set
	r.jumpWith(args, before)
	r.scope.set = before
}

// jumpWith is jump, with the place's own variables for the target and the new ones behind it.
func (r *run) jumpWith(args []string, before map[string][]glob) {
	after := r.scope.set
	r.scope.set = before
	if len(args) == 1 && isVariable(args[0]) {
		r.whole(args[0], after)
		return
	}
	context, exten, step := r.place.in, "${EXTEN}", arg(args, len(args)-1)
	if len(args) > 1 {
		exten = arg(args, len(args)-2)
	}
	if len(args) > 2 {
		context = arg(args, len(args)-3)
	}
	r.toWith(context, exten, step, after)
}

// arguments are the variables ARG1, ARG2 … of a subroutine.
func (r *run) arguments(args []string) map[string][]glob {
	set := maps.Clone(r.scope.set)
	if set == nil {
		set = map[string][]glob{}
	}
	for i, a := range args {
		set["ARG"+strconv.Itoa(i+1)] = r.scope.expand(strings.TrimSpace(a))
	}
	return set
}

func (r *run) gosubIf(data string, _ []string) {
	for _, side := range branches(data) {
		r.gosub(side)
	}
}

func (r *run) macro(args []string) {
	r.toWith("macro-"+arg(args, 0), "s", "1", r.arguments(rest(args, 1)))
}

func (r *run) macroIf(data string, _ []string) {
	for _, side := range branches(data) {
		r.macro(split(side, ','))
	}
}

func (r *run) execIf(data string, _ []string) {
	for _, side := range branches(data) {
		r.inner(side)
	}
}

// disa goes to the context that stands behind the password, or to disa.
func (r *run) disa(_ string, args []string) {
	r.next = false
	r.anywhere(firstOf(arg(args, 1), "disa"))
}

func (r *run) agi(_ string, args []string) {
	if !strings.Contains(arg(args, 0), "${DIALWARDEN_AGI") {
		r.script("the script " + arg(args, 0))
	}
}

// system runs a command of the machine, which matters where it can make calls.
func (r *run) system(data string, _ []string) {
	if strings.Contains(data, "asterisk") {
		r.script("the command " + data)
	}
}

// either are the values of a variable that is perhaps set anew.
func (r *run) either(name string, set map[string][]glob, values []glob) []glob {
	before, ok := set[name]
	if !ok {
		before = r.walk.elsewhere(name)
	}
	all := slices.Clone(before)
	for _, v := range values {
		if !slices.ContainsFunc(all, func(o glob) bool { return o.key() == v.key() }) {
			all = append(all, v)
		}
	}
	if len(all) > mostValues {
		return []glob{anything(false)}
	}
	return all
}

// set is what is known of variables behind this place.
func (r *run) set(at *priority) map[string][]glob {
	before := r.scope.set
	var after map[string][]glob
	for _, a := range assignments(at.app, at.data) {
		if a.name == "DIALWARDEN_NONCE" && !r.ours {
			r.walk.report(r.place, Bypass, "", "sets the nonce by which [dialwarden-released] knows that a call was decided",
				"Take it out: only dialwarden-outbound may set it")
		}
		if !r.walk.matter[a.name] {
			continue
		}
		if after == nil {
			after = maps.Clone(before)
			if after == nil {
				after = map[string][]glob{}
			}
		}
		values := r.scope.expand(a.value)
		if a.maybe {
			values = r.either(a.name, after, values)
		}
		after[a.name] = values
	}
	if after == nil {
		return before
	}
	return after
}
