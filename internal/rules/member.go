package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/dialwarden/dialwarden/internal/call"
)

// member is one element of a head's set, typed: what one rule wants.
type member struct {
	head   string
	rule   string
	reason string
	prompt string
	fault  error // why the member cannot be used

	cause      int                   // deny
	anyOf      []call.CredentialKind // require
	approvers  []string
	maxSeconds int // limit
	warn       int
	ring       int
	route      call.Route   // route
	to         string       // notify
	penalty    call.Penalty // sanction
}

// The bounds of what a member may say. A limit beyond a week is a mistake in the policy, not a limit.
const (
	maxText    = 1000 // bytes of a reason or a name
	maxSeconds = 7 * 24 * 3600
	maxCause   = 127
	maxDays    = 3660
	maxFine    = 1_000_000_000_00
	maxTimes   = 10_000
	maxMembers = 1000 // of all sets together
)

// field reads one field of a member.
type field func(m *member, v ast.Value) error

// everywhere are the fields that members of all heads have.
var everywhere = map[string]field{
	"rule":   func(m *member, v ast.Value) error { return readText(&m.rule, v) },
	"reason": func(m *member, v ast.Value) error { return readReason(&m.reason, v) },
	"prompt": func(m *member, v ast.Value) error { return readPrompt(&m.prompt, v) },
}

// fieldsOf are the fields of each head.
var fieldsOf = map[string]map[string]field{
	"allow": {},
	"deny": {
		"cause": func(m *member, v ast.Value) error { return readWhole(&m.cause, v, 1, maxCause) },
	},
	"require": {
		"any_of":    func(m *member, v ast.Value) error { return readKinds(&m.anyOf, v) },
		"approvers": func(m *member, v ast.Value) error { return readExtensions(&m.approvers, v) },
	},
	"limit": {
		"max_seconds":  func(m *member, v ast.Value) error { return readWhole(&m.maxSeconds, v, 0, maxSeconds) },
		"warn_seconds": func(m *member, v ast.Value) error { return readWhole(&m.warn, v, 0, maxSeconds) },
		"ring_seconds": func(m *member, v ast.Value) error { return readWhole(&m.ring, v, 0, maxSeconds) },
	},
	"route": {
		"dial":     func(m *member, v ast.Value) error { return readDigits(&m.route.Dial, v) },
		"trunk":    func(m *member, v ast.Value) error { return readTrunk(&m.route.Trunk, v) },
		"redirect": func(m *member, v ast.Value) error { return readDigits(&m.route.Redirect, v) },
	},
	"notify": {
		"to": func(m *member, v ast.Value) error { return readText(&m.to, v) },
	},
	"sanction": {
		"suspend_days":  func(m *member, v ast.Value) error { return readWhole(&m.penalty.SuspendDays, v, 0, maxDays) },
		"fine_minor":    func(m *member, v ast.Value) error { return readWhole(&m.penalty.FineMinor, v, 0, maxFine) },
		"cost_multiple": func(m *member, v ast.Value) error { return readWhole(&m.penalty.CostMultiple, v, 0, maxTimes) },
		"suspend":       func(m *member, v ast.Value) error { return readSuspend(&m.penalty.Suspend, v) },
	},
}

// readAnswer reads the sets of an evaluation's answer. What is wrong with one member is kept in it: whether it matters
// depends on the rule's mode.
func readAnswer(answer topdown.QueryResult) ([]member, error) {
	size := 0
	for _, t := range answer {
		if set, ok := t.Value.(ast.Set); ok {
			size += set.Len()
		}
	}
	found := make([]member, 0, min(size, maxMembers))
	for _, head := range heads {
		t := answer[ast.Var(head)]
		if t == nil {
			continue
		}
		set, ok := t.Value.(ast.Set)
		if !ok {
			return nil, fmt.Errorf("%s is %s; it must be a set", head, kindOf(t.Value))
		}
		if len(found)+set.Len() > maxMembers {
			return nil, fmt.Errorf("the rules gave more than %d members, most of them of %s", maxMembers, head)
		}
		set.Foreach(func(t *ast.Term) { found = append(found, readMember(head, t.Value)) })
	}
	return found, nil
}

// readMember reads one member.
func readMember(head string, v ast.Value) member {
	m := member{head: head}
	given := 0 // fields that only this head has
	switch v := v.(type) {
	case ast.String:
		m.fault = readText(&m.rule, v)
	case ast.Object:
		v.Foreach(func(k, x *ast.Term) {
			name, _ := k.Value.(ast.String)
			read := everywhere[string(name)]
			if read == nil {
				if read = fieldsOf[head][string(name)]; read != nil {
					given++
				}
			}
			if read == nil {
				m.fault = errors.Join(m.fault, fmt.Errorf("it has the unknown field %s%s", k, didYouMean(string(name), fieldNames(head))))
			} else if err := read(&m, x.Value); err != nil {
				m.fault = errors.Join(m.fault, fmt.Errorf("its %s %w", string(name), err))
			}
		})
	default:
		m.fault = fmt.Errorf("it is %s; a member is a rule's id or an object", kindOf(v))
	}
	if m.fault == nil {
		m.fault = m.complete(given)
	}
	return m
}

// complete says what a member lacks that was read without a fault.
func (m *member) complete(given int) error {
	switch {
	case m.rule == "":
		return errors.New("it names no rule")
	case m.head == "require" && len(m.anyOf) == 0:
		return errors.New("it says nothing; give it any_of")
	case len(m.approvers) > 0 && !slices.Contains(m.anyOf, call.Approval):
		return errors.New("it names approvers, and its any_of has no approval")
	case m.head == "sanction" && m.penalty.Suspend != "" && given == 1:
		return errors.New("it says what is suspended, and nothing that it costs; give it suspend_days")
	case m.head == "allow" || m.head == "deny" || given > 0 && m.head != "route":
		return nil
	case given == 0:
		return fmt.Errorf("it says nothing; give it %s", strings.Join(fieldNames(m.head), " or "))
	case m.route.Redirect != "" && (m.route.Dial != "" || m.route.Trunk != ""):
		return errors.New("it redirects to an extension and names a number or a trunk, too")
	}
	return nil
}

// fieldNames lists the fields that only this head has.
func fieldNames(head string) []string {
	var names []string
	for name := range fieldsOf[head] {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
