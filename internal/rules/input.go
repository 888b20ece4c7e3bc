package rules

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
)

// The words that come back in every input are kept by OPA once and for all.
func init() {
	for _, c := range call.Classes() {
		ast.InternStringTerm(string(c))
	}
	ast.InternStringTerm(lineKinds...)
	ast.InternStringTerm("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "ari", "agi")
}

// shape is the keys of an object of the input, in the order in which its values are given.
type shape []*ast.Term

func newShape(keys ...string) shape {
	ast.InternStringTerm(keys...)
	s := make(shape, len(keys))
	for i, k := range keys {
		s[i] = ast.InternedTerm(k)
	}
	return s
}

// The objects of the input; the names are those of the JSON form of call.Facts.
var (
	factsShape = newShape("time", "caller", "callee", "line", "usage", "sanction", "credentials", "attempt")
	timeShape  = newShape("at", "unix", "date", "weekday", "minute_of_day", "timezone", "schedules", "holiday")
	callerKeys = newShape("extension", "known", "holder", "department", "grade", "class_of_service", "place")
	calleeKeys = newShape("dialled", "digits", "e164", "class", "region", "area", "carrier_prefix", "risk",
		"extension", "holder", "department", "lists", "rate", "line")
	calleeLine = newShape("kind", "guarded", "caller_listed")
	lineShape  = newShape("kind", "guarded", "calls_listed", "trunk", "booking")
	trunkShape = newShape("name", "channels", "in_use", "reserved", "free", "full")
	bookShape  = newShape("active", "title", "channels")
	usageShape = newShape("concurrent_calls", "pending_calls", "attempts_last_minute", "attempts_last_hour", "class_attempts_last_minute",
		"class_attempts_last_hour", "short_calls_to_number", "short_calls_to_prefix", "after_hours_attempts", "site_after_hours_attempts",
		"first_to_region", "same_pin_calls", "extension", "holder", "department", "allowances", "limited", "affordable_seconds")
	sanctShape  = newShape("suspended", "until", "rule", "pin_suspended", "pin_until", "pin_rule")
	credsShape  = newShape("pin", "token", "approval", "matter")
	credShape   = newShape("valid", "id", "holder", "department", "level", "code")
	attemptKeys = newShape("source", "channel", "extension", "dialled", "at", "adopted")
)

// object builds an object; the values are in the order of the keys.
func (s shape) object(values ...*ast.Term) *ast.Term {
	pairs := make([][2]*ast.Term, len(s))
	for i, v := range values {
		pairs[i] = [2]*ast.Term{s[i], v}
	}
	return ast.ObjectTerm(pairs...)
}

// parts are those of the input's objects that rules look at, a bit each.
type parts uint8

const (
	timePart parts = 1 << iota
	callerPart
	calleePart
	linePart
	usagePart
	sanctionPart
	credentialsPart
	attemptPart

	allParts = 1<<iota - 1
)

// partsRead finds which objects of the input compiled rules look at. What no rule looks at need not be built.
func partsRead(c *ast.Compiler) parts {
	var read parts
	for _, m := range c.Modules {
		ast.WalkRefs(m, func(ref ast.Ref) bool {
			if ref[0].Equal(ast.InputRootDocument) {
				read |= partOf(ref)
			}
			return false
		})
		ast.WalkExprs(m, func(e *ast.Expr) bool {
			if len(e.With) > 0 {
				read = allParts
			}
			return false
		})
	}
	return read
}

// partOf is the object that a reference into the input looks at; one that is found while the rule runs may be any.
func partOf(ref ast.Ref) parts {
	if len(ref) > 1 {
		for i, key := range factsShape {
			if key.Equal(ref[1]) {
				return 1 << i
			}
		}
	}
	return allParts
}

// vocabulary holds terms for texts that come back in many calls of a site. It is read by many goroutines at once.
type vocabulary map[string]*ast.Term

// vocabularyOf collects what is the same for many phones.
func vocabularyOf(dir call.Directory, lists, schedules []string) vocabulary {
	words := vocabulary{}
	add := func(texts ...string) {
		for _, s := range texts {
			if words[s] == nil {
				words[s] = text(s)
			}
		}
	}
	for _, e := range dir {
		add(e.Department, e.Grade, e.ClassOfService)
	}
	add(lists...)
	add(schedules...)
	return words
}

// inputOf builds the whole policy input.
func inputOf(f *call.Facts) *ast.Term { return vocabulary(nil).input(f, allParts) }

// input builds the policy input by hand, which costs a third of going through JSON, and only what is read of it. A test
// holds it to the JSON form.
func (w vocabulary) input(f *call.Facts, read parts) *ast.Term {
	built := make([][2]*ast.Term, 0, len(factsShape))
	for i, build := range [...]func() *ast.Term{
		func() *ast.Term { return w.time(&f.Time) },
		func() *ast.Term { return w.caller(&f.Caller) },
		func() *ast.Term { return w.callee(&f.Callee) },
		func() *ast.Term { return lineOf(f.Line) },
		func() *ast.Term { return usageOf(&f.Usage) },
		func() *ast.Term { return sanctionOf(f.Sanction) },
		func() *ast.Term { return credentialsOf(f.Credentials) },
		func() *ast.Term { return attemptOf(&f.Attempt) },
	} {
		if read&(1<<i) != 0 {
			built = append(built, [2]*ast.Term{factsShape[i], build()})
		}
	}
	return ast.ObjectTerm(built...)
}

func (w vocabulary) time(t *call.Clock) *ast.Term {
	return timeShape.object(text(t.At), ast.InternedTerm(t.Unix), text(t.Date), text(t.Weekday), number(t.MinuteOfDay),
		text(t.Timezone), w.texts(t.Schedules), text(t.Holiday))
}

func (w vocabulary) caller(c *call.Caller) *ast.Term {
	return callerKeys.object(text(c.Extension), truth(c.Known), text(c.Holder), w.text(c.Department), w.text(c.Grade),
		w.text(c.ClassOfService), text(c.Place))
}

func (w vocabulary) callee(c *call.Callee) *ast.Term {
	return calleeKeys.object(text(c.Dialled), text(c.Digits), text(c.E164), text(string(c.Class)), text(c.Region),
		text(c.Area), text(c.CarrierPrefix), textsOf(c.Risk), text(c.Extension), text(c.Holder), w.text(c.Department),
		w.texts(c.Lists), rateOf(c.Rate), calleeLineOf(c.Line))
}

func attemptOf(a *call.Attempt) *ast.Term {
	return attemptKeys.object(text(string(a.Source)), text(a.Channel), text(a.Extension), text(a.Dialled),
		text(a.At.Format(time.RFC3339Nano)), truth(a.Adopted))
}

// What is the same in nearly every call is built once.
var (
	plainPhone   = newLine(call.Line{Kind: call.LinePhone})
	calledPhone  = newCalleeLine(call.CalleeLine{Kind: call.LinePhone})
	calledNobody = newCalleeLine(call.CalleeLine{})
	idle         = newUsage(&call.Usage{})
	unsanctioned = newSanction(call.Sanction{})
	notGiven     = newCredential(call.Credential{})
	nothingGiven = credsShape.object(notGiven, notGiven, notGiven, notGiven)
	noTexts      = ast.ArrayTerm()
)

func lineOf(l call.Line) *ast.Term {
	if l == (call.Line{Kind: call.LinePhone}) {
		return plainPhone
	}
	return newLine(l)
}

func newLine(l call.Line) *ast.Term {
	t, b := l.Trunk, l.Booking
	return lineShape.object(text(l.Kind), truth(l.Guarded), truth(l.CallsListed),
		trunkShape.object(text(t.Name), number(t.Channels), number(t.InUse), number(t.Reserved), number(t.Free), truth(t.Full)),
		bookShape.object(truth(b.Active), text(b.Title), number(b.Channels)))
}

func calleeLineOf(l call.CalleeLine) *ast.Term {
	switch l {
	case call.CalleeLine{}:
		return calledNobody
	case call.CalleeLine{Kind: call.LinePhone}:
		return calledPhone
	}
	return newCalleeLine(l)
}

func newCalleeLine(l call.CalleeLine) *ast.Term {
	return calleeLine.object(text(l.Kind), truth(l.Guarded), truth(l.CallerListed))
}

func usageOf(u *call.Usage) *ast.Term {
	if u.Idle() {
		return idle
	}
	return newUsage(u)
}

func newUsage(u *call.Usage) *ast.Term {
	return usageShape.object(number(u.ConcurrentCalls), number(u.PendingCalls), number(u.AttemptsLastMinute), number(u.AttemptsLastHour),
		number(u.ClassAttemptsLastMinute), number(u.ClassAttemptsLastHour), number(u.ShortCallsToNumber),
		number(u.ShortCallsToPrefix), number(u.AfterHoursAttempts), number(u.SiteAfterHoursAttempts), truth(u.FirstToRegion), number(u.SamePINCalls),
		spenderOf(&u.Extension), spenderOf(&u.Holder), spenderOf(&u.Department), allowancesOf(u.Allowances), truth(u.Limited), number(u.AffordableSeconds))
}

func sanctionOf(s call.Sanction) *ast.Term {
	if s == (call.Sanction{}) {
		return unsanctioned
	}
	return newSanction(s)
}

func newSanction(s call.Sanction) *ast.Term {
	return sanctShape.object(truth(s.Suspended), text(s.Until), text(s.Rule), truth(s.PINSuspended), text(s.PINUntil), text(s.PINRule))
}

func credentialsOf(c call.Credentials) *ast.Term {
	if c == (call.Credentials{}) {
		return nothingGiven
	}
	return credsShape.object(credentialOf(c.PIN), credentialOf(c.Token), credentialOf(c.Approval), credentialOf(c.Matter))
}

func textsOf(texts []string) *ast.Term { return vocabulary(nil).texts(texts) }

func (w vocabulary) texts(texts []string) *ast.Term {
	if len(texts) == 0 {
		return noTexts
	}
	terms := make([]*ast.Term, len(texts))
	for i, s := range texts {
		terms[i] = w.text(s)
	}
	return ast.ArrayTerm(terms...)
}

func (w vocabulary) text(s string) *ast.Term {
	if t := w[s]; t != nil {
		return t
	}
	return text(s)
}

func credentialOf(c call.Credential) *ast.Term {
	if c == (call.Credential{}) {
		return notGiven
	}
	return newCredential(c)
}

func newCredential(c call.Credential) *ast.Term {
	return credShape.object(truth(c.Valid), ast.InternedTerm(c.ID), text(c.Holder), text(c.Department), number(c.Level), text(c.Code))
}

func text(s string) *ast.Term { return ast.InternedTerm(validText(s)) }

// validText is a text as JSON would carry it: what is no UTF-8 becomes the replacement character, so that the input is
// the same when it is read back from the ledger.
func validText(s string) string {
	if !utf8.ValidString(s) {
		return string([]rune(s))
	}
	return s
}

func number(n int) *ast.Term { return ast.InternedTerm(n) }
func truth(b bool) *ast.Term { return ast.InternedTerm(b) }

// checkFacts says what in the facts no rule could be right about.
func checkFacts(f *call.Facts) error {
	if !slices.Contains(classes, f.Callee.Class) {
		return fmt.Errorf("the called number has the class %q, which does not exist", f.Callee.Class)
	}
	return nil
}

var classes = call.Classes()
