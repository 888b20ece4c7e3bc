package dialpaths

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Dialplan is what `dialplan show` has printed.
type Dialplan struct {
	contexts map[string]*context
	// Unread are lines inside a context that mean nothing to us, with the number of the line.
	Unread []string
}

// context is one context of the dialplan.
type context struct {
	name       string
	registrar  string
	extensions []*extension
	includes   []include
	switches   []string
}

// include is another context that is searched after a context's own extensions.
type include struct {
	name  string
	timed bool // only at some times
}

// extension is one extension or pattern, with its priorities in order.
type extension struct {
	context    string
	name       string
	caller     string // the caller ID that it is for; empty for everybody
	glob       glob
	priorities []priority
}

// priority is one step.
type priority struct {
	number int
	label  string
	app    string
	data   string
	place  string // extensions.conf:12 where Asterisk tells it, else who made it: pbx_config
	cut    bool   // Asterisk has printed only the beginning
}

// ErrNoDialplan is what Parse says of a text that is no output of `dialplan show`.
var ErrNoDialplan = errors.New("this is not what `dialplan show` prints: there is no line like [ Context 'phones' created by 'pbx_config' ]")

var (
	contextLine   = regexp.MustCompile(`^\[ (?:.* )?Context '(.*)' (?:.* )?created by '(.*)' \]$`)
	extensionLine = regexp.MustCompile(`^  '(.*?)'(?: \(CID match '(.*?)'\))? => +(.*)$`)
	otherLine     = regexp.MustCompile(`^  (Include|Alt\. Switch|Ignore pattern) => +'(.*)' *(?:\[.*\])?$`)
	stepLine      = regexp.MustCompile(`^ *(?:\[(.*?)\] +)?([0-9]+)\. (.*)$`)
	registrarPart = regexp.MustCompile(`^(.*?) *\[([^\[\]]*)\]$`)
	colour        = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")
)

// Parse reads the output of `dialplan show`; what comes before, between and after, such as that of other commands, is
// left out. The error is ErrNoDialplan where there is no context in it.
func Parse(text string) (*Dialplan, error) {
	d := &Dialplan{contexts: map[string]*context{}}
	var c *context
	var e *extension
	for i, line := range lines(text) {
		if m := contextLine.FindStringSubmatch(line); m != nil {
			c, e = &context{name: m[1], registrar: m[2]}, nil
			if d.contexts[c.name] == nil {
				d.contexts[c.name] = c
			} else {
				c = d.contexts[c.name]
			}
			continue
		}
		if c == nil {
			continue
		}
		if line == "" || strings.HasPrefix(line, "-=") {
			c, e = nil, nil
			continue
		}
		if !c.read(line, &e) {
			d.Unread = append(d.Unread, fmt.Sprintf("line %d: %s", i+1, line))
		}
	}
	if len(d.contexts) == 0 {
		return nil, ErrNoDialplan
	}
	for _, c := range d.contexts {
		for _, e := range c.extensions {
			slices.SortStableFunc(e.priorities, func(a, b priority) int { return cmp.Compare(a.number, b.number) })
		}
	}
	return d, nil
}

func lines(text string) []string {
	text = colour.ReplaceAllString(strings.ReplaceAll(text, "\r", ""), "")
	return strings.Split(text, "\n")
}

// read takes one line of a context; e is the extension that further priorities belong to.
func (c *context) read(line string, e **extension) bool {
	if m := otherLine.FindStringSubmatch(line); m != nil {
		switch m[1] {
		case "Include":
			name, when, timed := strings.Cut(strings.ReplaceAll(m[2], "|", ","), ",")
			c.includes = append(c.includes, include{name, timed && strings.Trim(when, "*,") != ""})
		case "Alt. Switch":
			c.switches = append(c.switches, m[2])
		}
		return true
	}
	rest := line
	if m := extensionLine.FindStringSubmatch(line); m != nil {
		*e = &extension{context: c.name, name: m[1], caller: m[2], glob: undashed(patternGlob(m[1]))}
		c.extensions = append(c.extensions, *e)
		rest = m[3]
	}
	if *e == nil {
		return strings.HasPrefix(strings.TrimSpace(line), "Autohints ")
	}
	if strings.HasPrefix(strings.TrimSpace(rest), "hint:") {
		return true
	}
	p, ok := step(rest)
	if ok {
		(*e).priorities = append((*e).priorities, p)
	}
	return ok
}

// step reads [label] 3. Dial(PJSIP/101,30) [extensions.conf:21]
func step(text string) (priority, bool) {
	m := stepLine.FindStringSubmatch(text)
	if m == nil {
		return priority{}, false
	}
	number, err := strconv.Atoi(m[2])
	if err != nil {
		return priority{}, false
	}
	p := priority{number: number, label: m[1]}
	call := strings.TrimSpace(m[3])
	if r := registrarPart.FindStringSubmatch(call); r != nil {
		call, p.place = r[1], r[2]
	}
	p.app, p.data, p.cut = application(call)
	return p, true
}

// application splits Dial(PJSIP/101,30); cut tells that the end is missing.
func application(call string) (name, data string, cut bool) {
	name, data, found := strings.Cut(call, "(")
	if !found {
		return strings.TrimSpace(name), "", false
	}
	inner, closed := strings.CutSuffix(data, ")")
	return strings.TrimSpace(name), inner, !closed
}

// at returns where a priority is, by number.
func (e *extension) at(number int) int {
	return slices.IndexFunc(e.priorities, func(p priority) bool { return p.number == number })
}

// labelled returns where a label is.
func (e *extension) labelled(label string) int {
	return slices.IndexFunc(e.priorities, func(p priority) bool { return p.label == label })
}

var globalLine = regexp.MustCompile(`^ {3}([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// Globals reads the output of `dialplan show globals`, which may stand in a text with other things.
func Globals(text string) map[string]string {
	found := map[string]string{}
	for _, line := range lines(text) {
		if m := globalLine.FindStringSubmatch(line); m != nil {
			found[m[1]] = m[2]
		}
	}
	return found
}

// Endpoint is a phone or a trunk of pjsip.conf.
type Endpoint struct {
	Name    string
	Context string
	// Others are further contexts that a call of it can come to: overlap_context and what set_var sets.
	Others []string
}

var (
	endpointLine  = regexp.MustCompile(`^ Endpoint: +([^</ ]+)`)
	parameterLine = regexp.MustCompile(`^ (context|overlap_context|set_var) +: (.*)$`)
)

// EndpointNames reads the output of `pjsip show endpoints`.
func EndpointNames(text string) []string {
	var names []string
	for _, line := range lines(text) {
		if m := endpointLine.FindStringSubmatch(line); len(m) > 1 && !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	return names
}

// Endpoints reads the outputs of `pjsip show endpoint NAME`, any number of them.
func Endpoints(text string) []Endpoint {
	var all []Endpoint
	for _, line := range lines(text) {
		if m := endpointLine.FindStringSubmatch(line); m != nil {
			all = append(all, Endpoint{Name: m[1]})
			continue
		}
		m := parameterLine.FindStringSubmatch(line)
		if m == nil || len(all) == 0 {
			continue
		}
		e, value := &all[len(all)-1], strings.TrimSpace(m[2])
		switch {
		case m[1] == "context":
			e.Context = value
		case m[1] == "overlap_context" && value != "":
			e.Others = append(e.Others, value)
		case m[1] == "set_var":
			name, context, _ := strings.Cut(value, "=")
			if transferVariables[strings.TrimLeft(name, "_")] && context != "" {
				e.Others = append(e.Others, contextOf(context))
			}
		}
	}
	return slices.DeleteFunc(all, func(e Endpoint) bool { return e.Context == "" })
}

// transferVariables name the context that a transferred or forwarded call goes to, or a caller who presses a key while he waits.
var transferVariables = map[string]bool{"TRANSFER_CONTEXT": true, "FORWARD_CONTEXT": true, "PARKINGDYNCONTEXT": true, "EXITCONTEXT": true}

// contextOf is the context in the value of such a variable: FORWARD_CONTEXT may say context/n.
func contextOf(value string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(value), "/")
	return name
}
