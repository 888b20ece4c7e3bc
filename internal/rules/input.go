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
	callerKeys = newShape("extension", "known", "holder", "department", "grade", "class_of_service")
	calleeKeys = newShape("dialled", "digits", "e164", "class", "region", "area", "carrier_prefix", "risk",
		"extension", "holder", "department", "lists")
	lineShape  = newShape("kind")
	usageShape = newShape("concurrent_calls", "pending_calls", "attempts_last_minute", "attempts_last_hour", "class_attempts_last_minute",
		"class_attempts_last_hour", "short_calls_to_number", "short_calls_to_prefix", "first_to_region", "same_pin_calls")
	sanctShape  = newShape("suspended")
	credsShape  = newShape("pin", "token", "approval", "matter")
	credShape   = newShape("valid", "id", "holder", "department", "level")
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

// inputOf builds the policy input by hand, which costs a third of going through JSON. A test holds it to the JSON form.
func inputOf(f *call.Facts) *ast.Term {
	return factsShape.object(
		timeShape.object(text(f.Time.At), ast.InternedTerm(f.Time.Unix), text(f.Time.Date), text(f.Time.Weekday),
			number(f.Time.MinuteOfDay), text(f.Time.Timezone), textsOf(f.Time.Schedules), text(f.Time.Holiday)),
		callerKeys.object(text(f.Caller.Extension), truth(f.Caller.Known), text(f.Caller.Holder), text(f.Caller.Department),
			text(f.Caller.Grade), text(f.Caller.ClassOfService)),
		calleeOf(&f.Callee),
		lineOf(f.Line),
		usageOf(f.Usage),
		sanctionOf(f.Sanction),
		credentialsOf(f.Credentials),
		attemptKeys.object(text(string(f.Attempt.Source)), text(f.Attempt.Channel), text(f.Attempt.Extension),
			text(f.Attempt.Dialled), text(f.Attempt.At.Format(time.RFC3339Nano)), truth(f.Attempt.Adopted)),
	)
}

// What is the same in nearly every call is built once.
var (
	plainPhone   = lineShape.object(text("phone"))
	idle         = newUsage(call.Usage{})
	unsanctioned = sanctShape.object(truth(false))
	notGiven     = newCredential(call.Credential{})
	nothingGiven = credsShape.object(notGiven, notGiven, notGiven, notGiven)
	noTexts      = ast.ArrayTerm()
)

func lineOf(l call.Line) *ast.Term {
	if l == (call.Line{Kind: "phone"}) {
		return plainPhone
	}
	return lineShape.object(text(l.Kind))
}

func usageOf(u call.Usage) *ast.Term {
	if u == (call.Usage{}) {
		return idle
	}
	return newUsage(u)
}

func newUsage(u call.Usage) *ast.Term {
	return usageShape.object(number(u.ConcurrentCalls), number(u.PendingCalls), number(u.AttemptsLastMinute), number(u.AttemptsLastHour),
		number(u.ClassAttemptsLastMinute), number(u.ClassAttemptsLastHour), number(u.ShortCallsToNumber),
		number(u.ShortCallsToPrefix), truth(u.FirstToRegion), number(u.SamePINCalls))
}

func sanctionOf(s call.Sanction) *ast.Term {
	if s == (call.Sanction{}) {
		return unsanctioned
	}
	return sanctShape.object(truth(s.Suspended))
}

func credentialsOf(c call.Credentials) *ast.Term {
	if c == (call.Credentials{}) {
		return nothingGiven
	}
	return credsShape.object(credentialOf(c.PIN), credentialOf(c.Token), credentialOf(c.Approval), credentialOf(c.Matter))
}

func textsOf(texts []string) *ast.Term {
	if len(texts) == 0 {
		return noTexts
	}
	terms := make([]*ast.Term, len(texts))
	for i, s := range texts {
		terms[i] = text(s)
	}
	return ast.ArrayTerm(terms...)
}

func calleeOf(c *call.Callee) *ast.Term {
	return calleeKeys.object(text(c.Dialled), text(c.Digits), text(c.E164), text(string(c.Class)), text(c.Region),
		text(c.Area), text(c.CarrierPrefix), textsOf(c.Risk), text(c.Extension), text(c.Holder), text(c.Department),
		textsOf(c.Lists))
}

func credentialOf(c call.Credential) *ast.Term {
	if c == (call.Credential{}) {
		return notGiven
	}
	return newCredential(c)
}

func newCredential(c call.Credential) *ast.Term {
	return credShape.object(truth(c.Valid), ast.InternedTerm(c.ID), text(c.Holder), text(c.Department), number(c.Level))
}

// text is a text as JSON would carry it: what is no UTF-8 becomes the replacement character, so that the input is the
// same when it is read back from the ledger.
func text(s string) *ast.Term {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	return ast.InternedTerm(s)
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
