package dialpaths

import (
	stdcontext "context"
	"errors"
	"fmt"
	"strings"
)

// Ask runs a command of Asterisk's console, like "dialplan show", and returns what it prints.
type Ask func(ctx stdcontext.Context, command string) (string, error)

// Read asks a running Asterisk for its dialplan, its global variables, its endpoints, and what dials beside it. Errors are those of ask,
// ErrNoDialplan.
func Read(ctx stdcontext.Context, ask Ask) (Site, error) {
	text, err := ask(ctx, "dialplan show")
	if err != nil {
		return Site{}, err
	}
	var s Site
	if s.Dialplan, err = Parse(text); err != nil {
		return Site{}, fmt.Errorf("%w; it printed: %s", err, beginning(text))
	}
	if text, err = ask(ctx, "dialplan show globals"); err != nil {
		return Site{}, err
	}
	s.Globals = Globals(text)
	if text, err = ask(ctx, "pjsip show endpoints"); err != nil {
		return Site{}, err
	}
	for _, name := range EndpointNames(text) {
		if text, err = ask(ctx, "pjsip show endpoint "+name); err != nil {
			return Site{}, err
		}
		s.Endpoints = append(s.Endpoints, Endpoints(text)...)
	}
	s.Beside, err = readBeside(ctx, ask, s.Dialplan)
	return s, err
}

// Saved reads a text that holds the output of `dialplan show`, and perhaps those of `dialplan show globals`, of
// `pjsip show endpoint NAME` and of `queue show`. The error is ErrNoDialplan.
func Saved(text string) (Site, error) {
	d, err := Parse(text)
	return Site{Dialplan: d, Globals: Globals(text), Endpoints: Endpoints(text), Beside: Beside{Queues: Queues(text)}}, err
}

// Check says what is missing to find anything at all: a context in which calls begin, and a trunk; and which of the trunks that
// were named is none.
func (s Site) Check() error {
	for _, name := range s.Trunks {
		_, endpoint, technology := strings.Cut(name, "/")
		if name == "" || technology && (endpoint == "" || trunkOf(name).name == "") {
			return fmt.Errorf("--trunk %q is no trunk: name an endpoint, like carrier, SIP/carrier or DAHDI/g1/NUMBER; of a Local channel the one behind it", name)
		}
	}
	if len(s.From) == 0 && len(s.Endpoints) == 0 {
		return errors.New("it is not known in which contexts calls begin: name those of your phones with --from")
	}
	if len(trunksOf(s)) == 0 {
		return errors.New("it is not known what a trunk is: DIALWARDEN_TRUNK is not set, or a Local channel; name your trunks with --trunk")
	}
	return nil
}

// TrunkNames are those of the site, like PJSIP/carrier.
func (s Site) TrunkNames() []string {
	var names []string
	for _, t := range trunksOf(s) {
		names = append(names, t.name)
	}
	return names
}

func beginning(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > 200 {
		text = text[:200] + " …"
	}
	return text
}
