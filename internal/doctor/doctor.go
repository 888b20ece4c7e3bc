// Package doctor finds what is wrong between Dialwarden and its Asterisk, and says what to do about it: which file, which
// line, which command. It looks and changes nothing. It never tells what is in a secret file.
//
// A check is a function with a name. It returns what it found, good or bad; a check that cannot look because of something
// that an earlier one has told of returns nothing. Adding a check means adding it to the table.
package doctor

import (
	"context"
	"fmt"

	"github.com/dialwarden/dialwarden/internal/ari"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/web"
)

// State is how bad a finding is.
type State string

// The states.
const (
	OK      State = "ok"
	Note    State = "note"    // cannot be seen from outside: to be looked at by hand
	Warning State = "warning" // calls are decided, but something will surprise somebody
	Unknown State = "unknown" // this account may not look, or somebody does not answer
	Wrong   State = "wrong"
)

// Finding is what one check has to say.
type Finding struct {
	Check   string   `json:"check"`
	State   State    `json:"state"`
	Finding string   `json:"finding"`
	Remedy  []string `json:"remedy"` // what to do, in this order; empty if there is nothing to do
}

// Site is what is examined.
type Site struct {
	Config config.Config
	Policy Policy
}

// Policy is what is in the policy directory. Where it has faults or could not be read, the rest is empty.
type Policy struct {
	Unread    error    // why it could not be read
	Faults    []string // file:line:column: message
	Revision  string
	Rules     int
	Directory call.Directory
	Emergency []string // the plan's emergency numbers, without an outside line
}

// visit is one examination: the site, and what the checks have learnt so far.
type visit struct {
	Site
	daemon   *process    // who answers on the control socket; nil for nobody
	health   *web.Health // what the daemon says of itself; nil if it does not
	asterisk *ari.Inspector
	about    ari.About
	up       bool // Asterisk has answered, and takes our password
	lacking  bool // it has not loaded all the modules that are needed
	hidden   bool // this account may not see whether the daemon runs

	endpoints []ari.Endpoint // nil before they were asked for
}

// check is one thing to look at.
type check struct {
	name string
	look func(*visit, context.Context) []Finding
}

// checks are made from the ground up: what everything else stands on comes first.
var checks = []check{
	{"configuration", (*visit).configuration},
	{"policy", (*visit).policy},
	{"daemon", (*visit).control},
	{"other daemons", (*visit).others},
	{"secrets", (*visit).secrets},
	{"ledger", (*visit).ledger},
	{"disk", (*visit).disk},
	{"policy directory", (*visit).policyDir},
	{"health", (*visit).healthz},
	{"asterisk", (*visit).reach},
	{"version", (*visit).version},
	{"modules", (*visit).modules},
	{"application", (*visit).application},
	{"dialplan", (*visit).dialplan},
	{"trunk", (*visit).trunk},
	{"emergency", (*visit).emergency},
	{"outside line", (*visit).outsideLine},
	{"internal", (*visit).internal},
	{"fastagi", (*visit).fastAGI},
	{"logging", (*visit).logging},
	{"sounds", (*visit).sounds},
	{"phones", (*visit).phones},
	{"clock", (*visit).clock},
	{"by hand", (*visit).byHand},
}

// Examine makes all checks, one after the other, and tells of each finding as soon as it is there. An error of tell ends it.
func Examine(ctx context.Context, s Site, tell func(Finding) error) error {
	v := &visit{Site: s}
	defer func() {
		if v.asterisk != nil {
			v.asterisk.Close()
		}
	}()
	for _, c := range checks {
		for _, f := range c.look(v, ctx) {
			f.Check = c.name
			if f.Remedy == nil {
				f.Remedy = []string{}
			}
			if err := tell(f); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func fine(format string, args ...any) []Finding {
	return []Finding{{State: OK, Finding: fmt.Sprintf(format, args...)}}
}

func found(s State, finding string, remedy ...string) Finding {
	return Finding{State: s, Finding: finding, Remedy: remedy}
}

func only(s State, finding string, remedy ...string) []Finding {
	return []Finding{found(s, finding, remedy...)}
}

// unasked is the finding when Asterisk, which has answered before, does not answer this question.
func unasked(what string, err error) []Finding {
	return only(Unknown, fmt.Sprintf("Asterisk does not tell %s: %v", what, err),
		"Run doctor again. If it stays so: asterisk -rx 'module show like res_ari'")
}
