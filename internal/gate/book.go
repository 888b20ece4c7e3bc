package gate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/speech"
)

// Numbers says what dialled digits mean.
type Numbers interface {
	Classify(dialled string) call.Callee
}

// Rules is the policy. Judge never fails: what goes wrong inside is a denial by call.RulePolicyError.
type Rules interface {
	Judge(ctx context.Context, f call.Facts) call.Decision
	Revision() string
}

// Book is what a call is decided by: one revision of numbers, directory and rules. A call keeps the book it began
// with to its end, whatever is reloaded meanwhile. It is immutable.
type Book struct {
	Numbers   Numbers
	Directory call.Directory
	Rules     Rules
	Zone      *time.Location
	Currency  string // of the site, ISO 4217
	// Lookup fills in the facts that the policy's own data gives: the schedules that are open, the holiday, the lists
	// that the called number is in. Nil leaves them empty.
	Lookup func(*call.Facts)
	Short  call.ShortCalls // which calls Usage counts as short
	// AfterHours says whether an attempt counts as one after hours; nil: none does.
	AfterHours func(*call.Facts) bool
	Handset    call.Handset // how callers are talked to
	Prices     Prices       // nil: nothing is known about costs
	Lines      *call.Lines  // whose channels are counted; nil: none are
	// Text says in words what is decided by a rule of Dialwarden's own, in the language of the site. Nil says it in English.
	Text func(rule string) string
}

// text says in words what is decided by a rule of our own.
func (b *Book) text(rule, english string) string {
	if b.Text != nil {
		if t := b.Text(rule); t != "" {
			return t
		}
	}
	return english
}

// Facts puts together everything the policy may look at.
func (b *Book) Facts(a call.Attempt, u call.Usage, c call.Credentials) call.Facts {
	return b.Afresh(call.Facts{Time: call.ClockAt(a.At, b.Zone), Usage: u, Credentials: c, Attempt: a})
}

// Afresh completes facts, or replaces in those of an earlier time, what depends on the book: who the caller is, his line
// and whether the directory suspends him, what was dialled (the number plan and the directory), the schedules that
// are open, the holiday and the lists of the number (the policy's data). The clock, usage, sanctions that were imposed,
// credentials and the attempt stay.
func (b *Book) Afresh(f call.Facts) call.Facts {
	entry := b.Directory[f.Attempt.Extension]
	kind := entry.Line
	if kind == "" {
		kind = "phone"
	}
	f.Caller = b.Directory.Caller(f.Attempt.Extension)
	f.Callee = b.Numbers.Classify(f.Attempt.Dialled)
	f.Line = call.Line{Kind: kind, Trunk: f.Line.Trunk}
	f.Sanction.Suspended = entry.Suspended || f.Sanction.Rule != "" // by a sanction
	f.Time.Schedules, f.Time.Holiday = []string{}, ""
	f.Callee.Lists = []string{}
	if b.Lookup != nil {
		b.Lookup(&f)
	}
	b.priced(&f)
	if f.Usage.Allowances == nil {
		f.Usage.Allowances = []call.AllowanceFact{}
	}
	return f
}

// Alike appends to the bytes a key that is the same for calls which the book decides alike, except where it runs out of time. It
// returns nil where no such key is known.
func (b *Book) Alike(key []byte, f *call.Facts) []byte {
	rules, ok := b.Rules.(interface {
		Alike(key []byte, f *call.Facts) []byte
	})
	if !ok || f.Callee.Class == call.Emergency || !call.IsDialString(f.Attempt.Dialled) {
		return nil
	}
	if key = rules.Alike(key, f); key == nil || !f.Usage.Limited {
		return key
	}
	phone := f.Usage
	limit(&phone, ofThePhone) // see judge
	return fmt.Appendf(key, "%t %d", phone.Limited, phone.AffordableSeconds)
}

// facts puts together the facts about a call that is under way, and what it would cost.
func (g *Gate) facts(b *Book, a call.Attempt, c call.Credentials) (call.Facts, bill) {
	f := b.Facts(a, call.Usage{}, c)
	if g.Sanctions != nil {
		s := g.Sanctions.On(a.Extension, c.PIN.ID, b.Zone)
		s.Suspended = s.Suspended || f.Sanction.Suspended
		f.Sanction = s
	}
	who := payer(&f)
	f.Usage = g.Tracker.Usage(call.UsageQuery{
		Channel: a.Channel, Extension: a.Extension, Callee: f.Callee.Number, PINID: c.PIN.ID, Short: b.Short,
		Holder: who.Holder, Department: who.Department, AfterHours: b.AfterHours != nil && b.AfterHours(&f),
	})
	owed := b.bill(&f, g.Spending)
	return f, owed
}

// Judge decides: see Decide.
func (b *Book) Judge(ctx context.Context, f call.Facts) call.Decision {
	d, _ := b.Decide(ctx, f)
	return d
}

// Decide decides, and returns the facts that the decision is by, which leave out allowances that do not count yet. An
// emergency call passes whatever the policy says; of its answer nothing counts but whom to tell. A
// string that is no dial string is refused before the policy is asked; a route that could not be dialled safely is a
// policy error.
func (b *Book) Decide(ctx context.Context, f call.Facts) (call.Decision, call.Facts) {
	d := call.Decision{PolicyRevision: b.Rules.Revision()}
	switch {
	case f.Callee.Class == call.Emergency:
		d.Action, d.Rule = call.Allow, call.RuleEmergency
		d.Reasons = []call.Reason{{Rule: d.Rule, Text: b.text(d.Rule, "Emergency calls always go out.")}}
		d.Notify = b.Rules.Judge(ctx, f).Notify
		return d, f
	case !call.IsDialString(f.Attempt.Dialled):
		d.Action, d.Rule = call.Deny, call.RuleInvalidNumber
		d.Reasons = []call.Reason{{Rule: d.Rule, Text: b.text(d.Rule, fmt.Sprintf(
			"not a dial string: a number is 1 to %d of 0-9, * and #, with a + only in front", call.MaxDialled))}}
		d.Prompt, d.Cause = call.PromptInvalid, call.CauseInvalidNumber
		return d, f
	}
	d, f = b.judge(ctx, f)
	if fault := routeFault(d.Route); fault != "" {
		return call.Decision{
			Action: call.Deny, Rule: call.RulePolicyError, PolicyRevision: d.PolicyRevision, Elapsed: d.Elapsed,
			Reasons: append(d.Reasons, call.Reason{Rule: d.Route.Rule, Text: fault}),
			Prompt:  call.PromptUnavailable, Cause: call.CauseTemporaryFailure,
		}, f
	}
	return d, f
}

// routeFault says what makes a route unsafe to dial, or nothing.
func routeFault(r call.Route) string {
	switch {
	case r.Dial != "" && !call.IsDialString(r.Dial):
		return "route.dial is no dial string: 0-9, * and #, with a + only in front"
	case r.Redirect != "" && !call.IsDialString(r.Redirect):
		return "route.redirect is no extension: 0-9, * and #"
	case strings.Trim(r.Trunk, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || len(r.Trunk) > 20:
		return "route.trunk is no trunk name: at most 20 of a-z, 0-9 and _"
	}
	return ""
}

// release says how the dialplan has to let out a call with this decision.
func release(id int64, f call.Facts, d call.Decision) call.Release {
	r := call.Release{
		DecisionID: id, Number: f.Callee.Digits, Internal: f.Callee.Class == call.Internal, Trunk: d.Route.Trunk,
		Urgent:     f.Line.Kind == call.LineAlarm || f.Callee.Class == call.Emergency,
		MaxSeconds: d.MaxSeconds, WarnSeconds: d.WarnSeconds, RingSeconds: d.RingSeconds,
	}
	if r.WarnSeconds > 0 {
		r.Warning = speech.Dir + speech.TimeLeft(r.WarnSeconds)
	}
	switch {
	case d.Route.Redirect != "":
		r.Number, r.Internal = d.Route.Redirect, true
	case d.Route.Dial != "":
		r.Number, r.Internal = d.Route.Dial, false
	}
	return r
}
