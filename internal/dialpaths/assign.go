package dialpaths

import "strings"

// assignment is a variable that an application sets.
type assignment struct {
	name  string // without the underscores in front
	value string
	maybe bool // under a condition
}

// assignments are the variables that an application sets; what a caller types is taken for any digits.
func assignments(app, data string) (all []assignment) {
	switch strings.ToLower(strings.TrimSpace(app)) {
	case "set":
		return assigned(data)
	case "mset":
		for _, text := range split(data, ',') {
			all = append(all, assigned(text)...)
		}
	case "read", "readexten":
		if name := arg(split(data, ','), 0); name != "" {
			all = append(all, assignment{name: name, value: "${FILTER(0-9*#,${CALLERID(num)})}"})
		}
	case "execif", "execiftime":
		for _, side := range branches(data) {
			name, inner, _ := application(side)
			for _, a := range assignments(name, inner) {
				a.maybe = true
				all = append(all, a)
			}
		}
	case "exec", "tryexec":
		name, inner, _ := application(strings.TrimSpace(data))
		return assignments(name, inner)
	}
	return all
}

// assigned reads NAME=value, also of GLOBAL(NAME), LOCAL(NAME) and ARRAY(NAME,OTHER).
func assigned(text string) []assignment {
	name, value, ok := strings.Cut(text, "=")
	name = strings.TrimLeft(strings.TrimSpace(name), "_")
	if !ok || name == "" {
		return nil
	}
	value = strings.Trim(value, `"`)
	if list, array := strings.CutPrefix(name, "ARRAY("); array {
		var all []assignment
		values := split(value, ',')
		for i, n := range split(strings.TrimSuffix(list, ")"), ',') {
			all = append(all, assignment{name: strings.TrimLeft(strings.TrimSpace(n), "_"), value: arg(values, i)})
		}
		return all
	}
	for _, kind := range []string{"GLOBAL(", "LOCAL("} {
		if inner, is := strings.CutPrefix(name, kind); is {
			name = strings.TrimLeft(strings.TrimSuffix(inner, ")"), "_")
		}
	}
	return []assignment{{name: name, value: value}}
}

// periodicHook is a function that runs a place of the dialplan again and again during a call.
const periodicHook = "${PERIODIC_HOOK("

// hooks follows ${PERIODIC_HOOK(context,extension,seconds)}.
func (r *run) hooks(value string) {
	_, after, found := strings.Cut(value, periodicHook)
	if end := matching("("+after, 0); found && end > 0 {
		args := split(after[:end-1], ',')
		r.to(arg(args, 0), arg(args, 1), "1")
	}
}

// sets is Set(NAME=value) and MSet where Asterisk itself runs the value as dialplan, sooner or later.
func (r *run) sets(app string, data string) {
	for _, a := range assignments(app, data) {
		switch {
		case a.name == "CHANNEL(hangup_handler_push)", a.name == "CHANNEL(hangup_handler_wipe)", strings.HasSuffix(a.name, "_SEND_SUB"):
			r.gosub(a.value)
		case a.name == "GOTO_ON_BLINDXFR":
			r.jump(strings.Split(a.value, "^"))
		case a.name == "SPY_EXIT_CONTEXT":
			r.anywhere(a.value)
		}
		r.hooks(a.value)
	}
}

// isVariable reports whether a text is one variable and nothing else: it may hold a context and an extension, too.
func isVariable(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "${") && matching(text, 1) == len(text)-1
}

// whole goes to where a variable says: [[context,]exten,]priority.
func (r *run) whole(variable string, set map[string][]glob) {
	for _, value := range r.scope.expand(strings.TrimSpace(variable)) {
		where := parts(value, ',')
		step := where[len(where)-1]
		if _, known := step.literal(); !known && len(where) == 1 {
			r.unknown("where the call goes is in a variable: " + variable)
		}
		context, extens := literal(r.place.in), r.scope.expand("${EXTEN}")
		if len(where) > 1 {
			extens = where[len(where)-2 : len(where)-1]
		}
		if len(where) > 2 {
			context = where[len(where)-3]
		}
		if _, known := context.literal(); !known {
			r.unknown("the context is in a variable: " + variable)
			continue
		}
		for _, e := range extens {
			r.jumps = append(r.jumps, jump{context: context, exten: e, step: r.step(step), set: set})
		}
	}
}
