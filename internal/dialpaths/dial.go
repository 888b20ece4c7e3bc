package dialpaths

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// trunk is an endpoint that calls leave the house by.
type trunk struct {
	name       string // PJSIP/carrier
	technology string // in capitals
	endpoint   string
	form       glob // how it is dialled, where it is neither PJSIP nor SIP
}

// trunksOf are those of the site's globals, and those that are named.
func trunksOf(site Site) []trunk {
	var all []trunk
	add := func(value string) {
		for _, part := range split(value, '&') {
			t := trunkOf(strings.TrimSpace(part))
			if t.name != "" && !slices.ContainsFunc(all, func(o trunk) bool { return o.name == t.name }) {
				all = append(all, t)
			}
		}
	}
	names := make([]string, 0, len(site.Globals))
	for name := range site.Globals {
		if name == "DIALWARDEN_TRUNK" || strings.HasPrefix(name, "DIALWARDEN_TRUNK_") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		add(site.Globals[name])
	}
	for _, name := range site.Trunks {
		if !strings.Contains(name, "/") {
			name = "PJSIP/" + name
		}
		add(name)
	}
	return all
}

// trunkOf reads PJSIP/NUMBER@carrier, SIP/carrier/NUMBER, PJSIP/carrier or DAHDI/g1/NUMBER.
func trunkOf(value string) trunk {
	technology, resource, ok := strings.Cut(value, "/")
	technology = strings.ToUpper(technology)
	if !ok || technology == "LOCAL" {
		return trunk{}
	}
	if endpointed[technology] {
		endpoint, _ := endpointOf(literal(resource))
		name, _ := endpoint.literal()
		return trunk{name: technology + "/" + name, technology: technology, endpoint: name}
	}
	group, _, numbered := strings.Cut(resource, "NUMBER")
	form := literal(technology + "/" + group)
	if numbered || strings.HasSuffix(group, "/") {
		form = join(form, anything(false))
	} else {
		form = join(join(form, literal("/")), anything(false))
	}
	return trunk{name: technology + "/" + strings.TrimRight(group, "/"), technology: technology, form: form}
}

// endpointed are the technologies whose endpoints have names, as in PJSIP/NUMBER@endpoint and PJSIP/endpoint/….
var endpointed = map[string]bool{"PJSIP": true, "SIP": true, "IAX2": true}

// harmless are technologies that only ring phones of the house, or nobody.
var harmless = map[string]bool{
	"SCCP": true, "SKINNY": true, "UNISTIM": true, "MGCP": true, "CONSOLE": true, "AGENT": true, "NULL": true, "RECORDER": true, "BRIDGE": true,
	"CBRIDGE": true, "ANNOUNCER": true, "MULTICASTRTP": true,
}

// endpointOf is the endpoint of a resource, read as Asterisk does: what is in front of the first slash, and there behind the
// first @. numbered tells whether a number or an address is dialled there, as on trunks.
func endpointOf(resource glob) (endpoint glob, numbered bool) {
	endpoint = resource
	if i := resource.index('/'); i >= 0 {
		endpoint, numbered = resource[:i], true
	}
	if i := endpoint.index('@'); i >= 0 {
		endpoint, numbered = endpoint[i+1:], true
	}
	return endpoint, numbered
}

// byTechnology splits PJSIP/… where the technology is known.
func byTechnology(target glob) (technology string, resource glob, ok bool) {
	i := target.index('/')
	if i < 0 {
		return "", nil, false
	}
	name, ok := target[:i].literal()
	return strings.ToUpper(strings.TrimSpace(name)), target[i+1:], ok
}

// parts splits a text at each separator.
func parts(target glob, separator byte) []glob {
	var all []glob
	begin := 0
	for i, e := range target {
		if c, ok := e.only(); ok && c == separator {
			all = append(all, target[begin:i])
			begin = i + 1
		}
	}
	return append(all, target[begin:])
}

// dial is Dial(targets,,options).
func (r *run) dial(text, options string) {
	r.targets(text, options)
	r.goOn(options)
	if value, has, _ := option(options, 'G'); has && value != "" { // the caller there, who is called one priority on
		to := strings.Split(value, "^")
		r.jump(to)
		if n, err := strconv.Atoi(arg(to, len(to)-1)); err == nil {
			r.jump(append(to[:len(to)-1:len(to)-1], strconv.Itoa(n+1)))
		}
	}
	r.routines(options, "UbB")
	if value, has, _ := option(options, 'M'); has {
		r.macro(strings.Split(value, "^"))
	}
	if _, has, _ := option(options, 'd'); has { // while it rings, the caller goes where he likes with a key
		r.anywhere(r.place.in)
	}
	if _, has, _ := option(options, 'T'); has && !r.ours { // the caller transfers with keys: from the context in which he is
		r.anywhere(r.place.in)
	}
}

// goOn is F(context^exten^priority): where whoever was called goes on after the call.
func (r *run) goOn(options string) {
	if value, has, _ := option(options, 'F'); has && value != "" {
		r.jump(strings.Split(value, "^"))
	}
}

// routines are the options that run dialplan on a channel that is called, or calls.
func (r *run) routines(options, letters string) {
	for _, letter := range []byte(letters) {
		if value, has, _ := option(options, letter); has && value != "" {
			r.gosub(routine(value, letter))
		}
	}
}

// comeback is c(context,exten,priority) of Park: where the parked one goes if nobody fetches him.
func (r *run) comeback(options string) {
	if value, has, _ := option(options, 'c'); has && value != "" {
		r.jump(split(value, ','))
	}
}

// parkAndAnnounce is ParkAndAnnounce(lot,options,announcement,target).
func (r *run) parkAndAnnounce(_ string, args []string) {
	r.comeback(arg(args, 1))
	r.targets(arg(args, 3), "i")
}

// routine writes context^s^1(a^b), or for U context^a^b, as Gosub does.
func routine(value string, letter byte) string {
	if letter == 'U' {
		parts := strings.SplitN(value, "^", 2)
		args := ""
		if len(parts) > 1 {
			args = "(" + strings.ReplaceAll(parts[1], "^", ",") + ")"
		}
		return parts[0] + ",s,1" + args
	}
	return strings.ReplaceAll(value, "^", ",")
}

// targets looks at what is dialled; a phone that is rung without the option i can send the call elsewhere.
func (r *run) targets(text, options string) {
	if r.ours {
		if strings.Contains(text, "DIALWARDEN_TRUNK") {
			r.walk.report(r.place, Bypass, "", "reaches the Dial of Dialwarden's own context without the check in front of it",
				"Enter "+r.place.extension.context+" nowhere; go to dialwarden-outbound at priority 1")
		}
		return
	}
	phones := false
	for _, value := range r.scope.expand(text) {
		for _, part := range parts(value, '&') {
			phones = r.target(part, text) || phones
		}
	}
	if _, has, sure := option(options, 'i'); phones && !has && sure {
		r.walk.report(r.place, Warning, "", "has no option i: a phone that answers with a redirection to PJSIP/NUMBER@trunk gets there by itself",
			"Put i into its options; where phones shall forward calls, send them to dialwarden-internal")
	}
}

// target looks at one of the parts that are dialled, and reports whether a phone may be rung.
func (r *run) target(part glob, text string) (phone bool) {
	technology, resource, ok := byTechnology(part)
	switch {
	case len(part) == 0:
		return false
	case !ok:
		r.unknown("what is dialled is in a variable: " + text)
		return false
	case technology == "LOCAL":
		r.local(resource, text)
		return false
	case endpointed[technology]:
		return r.endpoint(technology, resource, text)
	case harmless[technology]:
		return false
	}
	for _, t := range r.walk.trunks {
		if t.form != nil && t.technology == technology && t.form.overlaps(join(literal(technology+"/"), resource)) {
			r.trunk(t)
			return false
		}
	}
	r.unknown(fmt.Sprintf("it dials %s, which may be a trunk; name it with --trunk if it is", text))
	return false
}

func (r *run) trunk(t trunk) {
	r.walk.report(r.place, Bypass, t.name, r.through+"dials the trunk "+t.name, "Send the call to dialwarden-outbound: Goto(dialwarden-outbound,${EXTEN},1), with the digits as dialled")
}

// endpoint looks at PJSIP/NUMBER@endpoint or PJSIP/endpoint.
func (r *run) endpoint(technology string, resource glob, text string) (phone bool) {
	endpoint, numbered := endpointOf(resource)
	name, known := endpoint.literal()
	for _, t := range r.walk.trunks {
		if t.technology == technology && known && t.endpoint == name {
			r.trunk(t)
			return false
		}
	}
	chars, dialled := chosen(resource)
	switch {
	case dialled && (chars.has('@') || chars.has('&') || chars.has('/')):
		r.walk.report(r.place, Warning, "", "a caller who dials a number with @, / or & in it, like 5@trunk, chooses what "+text+" means",
			"Let a pattern of digits only come here, like _1XX, or write ${FILTER(0-9,${EXTEN})}")
	case !known && slices.ContainsFunc(r.walk.trunks, func(t trunk) bool { return t.technology == technology && endpoint.overlaps(literal(t.endpoint)) }):
		r.unknown("which endpoint is dialled is in a variable: " + text)
	case known && numbered:
		r.unknown(fmt.Sprintf("it dials a number over %s/%s, which may be a trunk; name it with --trunk if it is", technology, name))
	}
	return true
}

// chosen is what bytes a caller may choose in a text.
func chosen(g glob) (chars set, any bool) {
	for _, e := range g {
		if e.dialled {
			chars, any = chars.or(e.chars), true
		}
	}
	return chars, any
}

// local follows Local/EXTEN@CONTEXT/n.
func (r *run) local(resource glob, text string) {
	exten, context := resource, literal("default")
	if i := resource.index('@'); i >= 0 {
		exten, context = resource[:i], resource[i+1:]
	}
	if i := context.index('/'); i >= 0 {
		context = context[:i]
	}
	if _, ok := context.literal(); !ok {
		r.unknown("the context is in a variable: " + text)
		return
	}
	r.jumps = append(r.jumps, jump{context: context, exten: exten, set: r.scope.set})
}

// originate is Originate(target,exten|app,arg1,arg2,arg3).
func (r *run) originate(_ string, args []string) {
	r.targets(arg(args, 0), "i")
	r.routines(arg(args, 6), "bB")
	switch strings.ToLower(arg(args, 1)) {
	case "exten":
		r.to(arg(args, 2), firstOf(arg(args, 3), "s"), arg(args, 4))
	case "app":
		r.inner(arg(args, 2) + "(" + strings.Join(rest(args, 3), ",") + ")")
	}
}

// transfer is Transfer(target): the phone itself is told to call somebody else, and its call comes to the dialplan like any
// other; where it names a technology, Asterisk sends that.
func (r *run) transfer(text string) {
	for _, value := range r.scope.expand(text) {
		if technology, resource, ok := byTechnology(value); ok && endpointed[technology] {
			endpoint, _ := endpointOf(resource)
			for _, t := range r.walk.trunks {
				if endpoint.overlaps(literal(t.endpoint)) {
					r.unknown("it tells the other end to call the trunk " + t.name)
				}
			}
		}
	}
}

// toSwitch returns the places that a switch statement of a context leads to; one that asks others is reported.
func (w *walk) toSwitch(text, in string, parent *place) []*place {
	kind, data, _ := strings.Cut(text, "/")
	if !strings.EqualFold(kind, "Loopback") {
		w.note(Finding{State: Unknown, From: []From{w.from}, Steps: []Step{{Context: in, App: "switch", Data: text}},
			Why:    "cannot tell where this leads: extensions of " + in + " come from the switch " + text,
			Remedy: "Look at what it hands out: it must lead to no trunk but through dialwarden-outbound"}, in+"\x00"+text)
		return nil
	}
	number, context, _ := strings.Cut(data, "@")
	if i := strings.IndexAny(context, "/:"); i >= 0 {
		context = context[:i]
	}
	if w.looping[context] {
		return nil
	}
	w.looping[context] = true
	defer delete(w.looping, context)
	return w.enter(jump{context: literal(context), exten: literal(number), any: strings.Contains(number, "$")}, parent)
}
