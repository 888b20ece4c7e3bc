package dialpaths

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// State is how sure a finding is.
type State string

// The states.
const (
	Bypass  State = "bypass"  // this way reaches a trunk past Dialwarden
	Warning State = "warning" // it does if a phone or a caller makes it
	Unknown State = "unknown" // nobody can tell from the dialplan alone
)

// Finding is one way, or one place that cannot be followed.
type Finding struct {
	State  State  `json:"state"`
	From   []From `json:"from"`
	Steps  []Step `json:"steps"` // from what is dialled to the application that matters
	Trunk  string `json:"trunk,omitempty"`
	Why    string `json:"why"`
	Remedy string `json:"remedy"`
}

// From is a context in which calls begin, and whose calls these are.
type From struct {
	Context string `json:"context"`
	By      string `json:"by"` // the endpoint 101; what is named with --from
}

// Step is one priority on a way.
type Step struct {
	Context  string `json:"context"`
	Exten    string `json:"exten"`
	Priority int    `json:"priority"`
	App      string `json:"app"`
	Data     string `json:"data"`
	Place    string `json:"place"` // file:line, where Asterisk tells it
}

// Site is the dialplan, and what must be known of the world around it.
type Site struct {
	Dialplan  *Dialplan
	Globals   map[string]string
	Endpoints []Endpoint
	Beside
	// From are contexts in which calls begin, besides those of the endpoints.
	From []string
	// Trunks are endpoints like carrier, or PJSIP/carrier; besides those of DIALWARDEN_TRUNK and DIALWARDEN_TRUNK_name.
	Trunks []string
}

// finder looks for ways through a dialplan.
type finder struct {
	site    Site
	trunks  []trunk
	setters map[string][]setter
	values  map[string][]glob // of variables that are set elsewhere
	matter  map[string]bool   // variables that decide where calls go
	started map[string]bool   // contexts in which calls begin
	own     map[string][]*extension
	ours    string // the file that Dialwarden's contexts stand in
	budget  int    // steps that may still be looked at

	found map[string]*Finding
	order []string
}

// setter is a place that sets a variable.
type setter struct {
	extension *extension
	value     string
}

// mostSteps bounds the search: a dialplan of 10,000 extensions takes about a million.
const mostSteps = 20_000_000

// Find tells of every way from a context in which calls begin to a trunk that does not pass through Dialwarden, and of the
// places where that cannot be told; bypasses first, in the order of the dialplan's contexts.
func Find(site Site) []Finding { return findWithin(site, mostSteps) }

// findWithin looks at no more than so many steps.
func findWithin(site Site, steps int) []Finding {
	site.Dialplan = site.Dialplan.withKeys(site.Features)
	f := &finder{
		site: site, trunks: trunksOf(site), setters: map[string][]setter{}, values: map[string][]glob{},
		matter: map[string]bool{}, started: map[string]bool{}, own: map[string][]*extension{}, budget: steps, found: map[string]*Finding{},
	}
	f.survey()
	starts := f.starts()
	for _, start := range starts {
		f.started[start.Context] = true
	}
	for _, start := range starts {
		f.begin(start)
	}
	if f.budget <= 0 {
		f.note(Finding{State: Unknown, Why: "the dialplan has more ways than can be followed; what is found is not all",
			Remedy: "Name fewer contexts with --from, and look at each"}, "budget")
	}
	for _, k := range site.Features {
		if k.App == "" {
			f.note(Finding{State: Unknown, Why: "what the key feature " + k.Name + " runs is not known", Remedy: "Look at it in features.conf: it must lead to no trunk"}, k.Name)
		}
	}
	for _, line := range site.Dialplan.Unread {
		f.note(Finding{State: Unknown, Why: "this line of the dialplan cannot be read: " + line, Remedy: "Look at it in the dialplan"}, line)
	}
	all := make([]Finding, 0, len(f.order))
	for _, key := range f.order {
		all = append(all, *f.found[key])
	}
	rank := map[State]int{Bypass: 0, Warning: 1, Unknown: 2}
	slices.SortStableFunc(all, func(a, b Finding) int { return cmp.Compare(rank[a.State], rank[b.State]) })
	return all
}

// survey finds what is set where, which variables matter, and the file of our own contexts.
func (f *finder) survey() {
	var texts []string
	values := map[string][]string{}
	f.each(func(e *extension, p *priority) {
		if e.context == "dialwarden-doctor" {
			f.ours = fileOf(p.place)
		}
		for _, a := range assignments(p.app, p.data) {
			f.setters[a.name] = append(f.setters[a.name], setter{e, a.value})
			values[a.name] = append(values[a.name], a.value)
			if strings.Contains(a.name, "(") { // of a function, such as a hangup handler
				texts = append(texts, a.value)
			}
		}
		if app := strings.ToLower(p.app); app != "set" && app != "mset" {
			texts = append(texts, p.data)
		}
	})
	for len(texts) > 0 {
		var more []string
		for _, text := range texts {
			for _, name := range namesIn(text) {
				if !f.matter[name] {
					f.matter[name] = true
					more = append(more, values[name]...)
				}
			}
		}
		texts = more
	}
}

func (f *finder) each(do func(*extension, *priority)) {
	for _, name := range slices.Sorted(maps.Keys(f.site.Dialplan.contexts)) {
		for _, e := range f.site.Dialplan.contexts[name].extensions {
			for i := range e.priorities {
				do(e, &e.priorities[i])
			}
		}
	}
}

// namesIn are all words of a text that could name variables.
func namesIn(text string) []string {
	if !strings.Contains(text, "{") && !strings.Contains(text, "STRREPLACE") {
		return nil
	}
	return strings.FieldsFunc(text, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// fileOf is the file of a place like extensions.conf:12; empty where it names none.
func fileOf(place string) string {
	i := strings.LastIndexByte(place, ':')
	if i < 0 {
		return ""
	}
	return place[:i]
}

// isOurs reports whether a priority is one of Dialwarden's own.
func (f *finder) isOurs(e *extension, p *priority) bool {
	return strings.HasPrefix(e.context, "dialwarden-") && (f.ours == "" || fileOf(p.place) == f.ours)
}

// starts are the contexts in which calls begin, each once, with all who come in there.
func (f *finder) starts() []From {
	var all []From
	add := func(context, by string) {
		i := slices.IndexFunc(all, func(s From) bool { return s.Context == context })
		switch {
		case context == "":
		case i < 0:
			all = append(all, From{context, by})
		case !strings.Contains(", "+all[i].By+",", ", "+by+","):
			all[i].By += ", " + by
		}
	}
	for _, c := range f.site.From {
		add(c, "--from")
	}
	for _, e := range f.site.Endpoints {
		add(e.Context, e.Name)
		for _, c := range e.Others {
			add(c, e.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(transferVariables)) {
		add(contextOf(f.site.Globals[name]), name)
		for _, at := range f.setters[name] {
			for _, v := range (scope{plan: f, context: at.extension.context, exten: at.extension.glob}).expand(at.value) {
				if c, ok := v.literal(); ok {
					add(contextOf(c), name)
				}
			}
		}
	}
	if len(f.site.Features) > 0 {
		add(keysContext, "keys within a call")
	}
	for _, name := range slices.Sorted(maps.Keys(f.site.Dialplan.contexts)) {
		if f.site.Dialplan.contexts[name].registrar == "res_parking" {
			add(name, "parked calls")
		}
	}
	return all
}

// note keeps a finding once, whoever comes to it.
func (f *finder) note(found Finding, key string) {
	key = string(found.State) + "\x00" + key
	old := f.found[key]
	if old == nil {
		f.found[key] = &found
		f.order = append(f.order, key)
		return
	}
	if len(found.Steps) < len(old.Steps) {
		old.Steps = found.Steps
	}
	for _, from := range found.From {
		if !slices.Contains(old.From, from) {
			old.From = append(old.From, from)
		}
	}
}

// String writes a step as context,exten,priority.
func (s Step) String() string { return fmt.Sprintf("%s,%s,%d", s.Context, s.Exten, s.Priority) }
