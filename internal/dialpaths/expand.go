package dialpaths

import (
	"strconv"
	"strings"
)

const (
	mostValues = 16 // that are followed of one text; more are taken for any text
	deepest    = 8  // variables within variables
)

// scope is what is known of variables at one place of a path.
type scope struct {
	plan    *finder
	context string
	exten   glob
	set     map[string][]glob // set on the way here; never changed
	depth   int
}

// expand returns what a text of the dialplan can be once variables are filled in.
func (s scope) expand(text string) []glob {
	values := []glob{nil}
	begin := 0
	add := func(more []glob) {
		var all []glob
		for _, v := range values {
			for _, m := range more {
				all = append(all, join(v, m))
			}
		}
		if len(all) > mostValues {
			all = []glob{anything(false)}
		}
		values = all
	}
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			add([]glob{literal(text[begin:i])})
			begin = i + 1
			i++
		case text[i] == '$' && i+1 < len(text) && (text[i+1] == '{' || text[i+1] == '['):
			end := matching(text, i+1)
			if end < 0 {
				add([]glob{literal(text[begin:i])})
				add([]glob{anything(false)})
				return values
			}
			add([]glob{literal(text[begin:i])})
			if text[i+1] == '[' {
				add([]glob{someOf(anyByte, false)})
			} else {
				add(s.variable(text[i+2 : end]))
			}
			begin, i = end+1, end
		}
	}
	add([]glob{literal(text[begin:])})
	return values
}

// one is expand where several values are as good as any.
func (s scope) one(text string) glob {
	values := s.expand(text)
	if len(values) == 1 {
		return values[0]
	}
	var chars set
	var dialled bool
	for _, v := range values {
		c, d := v.chars()
		chars, dialled = chars.or(c), dialled || d
	}
	return someOf(chars, dialled)
}

// variable is what is within ${…}: NAME, NAME:offset:length or FUNCTION(…), the name itself perhaps made of others.
func (s scope) variable(inner string) []glob {
	if s.depth >= deepest {
		return []glob{anything(false)}
	}
	s.depth++
	parts := split(inner, ':')
	name := parts[0]
	if open := strings.IndexByte(name, '('); open > 0 && strings.HasSuffix(name, ")") && !strings.HasPrefix(name, "${") {
		return substrings(s.function(name[:open], name[open+1:len(name)-1]), parts[1:], s)
	}
	if strings.ContainsAny(name, "$") {
		var all []glob
		for _, n := range s.expand(name) {
			known, ok := n.literal()
			if !ok {
				return []glob{anything(false)}
			}
			all = append(all, s.named(known)...)
		}
		return substrings(all, parts[1:], s)
	}
	return substrings(s.named(name), parts[1:], s)
}

// named is the value of a variable.
func (s scope) named(name string) []glob {
	switch name {
	case "EXTEN":
		return []glob{s.exten}
	case "CONTEXT":
		return []glob{literal(s.context)}
	case "EPOCH", "PRIORITY", "HANGUPCAUSE", "ANSWEREDTIME":
		return []glob{someOf(digits, false)}
	}
	if v, ok := s.set[name]; ok {
		return v
	}
	return s.plan.elsewhere(name)
}

// function is the value of a dialplan function; one that we know nothing of can be anything.
func (s scope) function(name, args string) []glob {
	a := split(args, ',')
	switch name {
	case "IF", "IFTIME":
		var all []glob
		for _, side := range branches(args) {
			all = append(all, s.expand(strings.Trim(side, `"`))...)
		}
		return all
	case "GLOBAL":
		return s.named(strings.TrimSpace(args))
	case "FILTER":
		_, dialled := s.one(strings.Join(rest(a, 1), ",")).chars()
		return []glob{someOf(class(arg(a, 0)), dialled)}
	case "STRREPLACE", "REPLACE":
		return s.replaced(a)
	case "PJSIP_DIAL_CONTACTS":
		return s.expand("PJSIP/" + arg(a, 0))
	case "LEN", "RAND", "MATH", "CDR", "STRFTIME", "UNIQUEID":
		return []glob{someOf(bytesOf("0123456789."), false)}
	case "CALLERID", "PJSIP_HEADER", "SIP_HEADER", "CONNECTEDLINE", "REDIRECTING":
		return []glob{anything(true)}
	case "TOUPPER", "TOLOWER", "QUOTE", "URIENCODE", "URIDECODE":
		_, dialled := s.one(args).chars()
		return []glob{anything(dialled)}
	}
	return []glob{anything(false)}
}

// replaced is STRREPLACE(variable,find,by): in a text that is known, every find becomes by.
func (s scope) replaced(a []string) []glob {
	var names []string
	for _, n := range s.expand(arg(a, 0)) {
		if known, ok := n.literal(); ok {
			names = append(names, known)
		}
	}
	var all []glob
	for _, name := range names {
		for _, v := range s.named(name) {
			text, ok := v.literal()
			if !ok || arg(a, 1) == "" {
				return []glob{anything(false)}
			}
			by := s.one(strings.Join(rest(a, 2), ","))
			var g glob
			for i, piece := range strings.Split(text, arg(a, 1)) {
				if i > 0 {
					g = join(g, by)
				}
				g = join(g, literal(piece))
			}
			all = append(all, g)
		}
	}
	if all == nil {
		return []glob{anything(false)}
	}
	return all
}

// substrings takes :offset:length of each value.
func substrings(values []glob, numbers []string, s scope) []glob {
	if len(numbers) == 0 {
		return values
	}
	parse := func(i int) (int, bool) {
		text, ok := s.one(numbers[i]).literal()
		n, err := strconv.Atoi(strings.TrimSpace(text))
		return n, ok && err == nil
	}
	offset, ok := parse(0)
	var length *int
	if len(numbers) > 1 {
		n, fine := parse(1)
		length, ok = &n, ok && fine
	}
	out := make([]glob, len(values))
	for i, v := range values {
		if ok {
			out[i] = v.from(offset, length)
		} else {
			out[i] = someOf(v.chars())
		}
	}
	return out
}

// elsewhere is the value of a variable that nothing on the way here sets: a global one, or what other parts of the dialplan
// set. One that nobody sets can be anything: an endpoint's set_var, a script. So can one that is made of itself.
func (f *finder) elsewhere(name string) []glob {
	if all, ok := f.values[name]; ok {
		return all
	}
	f.values[name] = []glob{anything(false)}
	var all []glob
	if value, ok := f.site.Globals[name]; ok {
		all = append(all, literal(value))
	}
	for _, at := range f.setters[name] {
		all = append(all, scope{plan: f, context: at.extension.context, exten: at.extension.glob}.expand(at.value)...)
	}
	if len(all) > 0 && len(all) <= mostValues {
		f.values[name] = all
	}
	return f.values[name]
}
