package rules

import (
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
)

// subject is a field of the input that rules are often about: a text, a truth value, a count or a list of texts.
type subject struct {
	ref  ast.Ref
	kind subjectKind
	// text reads the field; a truth value, and a count by whether it is above zero, as true or false. For a list it is nil.
	text  func(f *call.Facts) string
	texts func(f *call.Facts) []string // a list
}

type subjectKind int

const (
	aText subjectKind = iota
	aFlag
	aCount
	aList
)

// subjects are what guards are about, the best first. Rules are split by the class, too.
var subjects = []*subject{
	textSubject("input.callee.class", func(f *call.Facts) string { return string(f.Callee.Class) }),
	flagSubject("input.sanction.suspended", func(f *call.Facts) bool { return f.Sanction.Suspended }),
	flagSubject("input.sanction.pin_suspended", func(f *call.Facts) bool { return f.Sanction.PINSuspended }),
	flagSubject("input.usage.limited", func(f *call.Facts) bool { return f.Usage.Limited }),
	flagSubject("input.line.trunk.full", func(f *call.Facts) bool { return f.Line.Trunk.Full }),
	flagSubject("input.line.guarded", func(f *call.Facts) bool { return f.Line.Guarded }),
	flagSubject("input.callee.line.guarded", func(f *call.Facts) bool { return f.Callee.Line.Guarded }),
	flagSubject("input.usage.first_to_region", func(f *call.Facts) bool { return f.Usage.FirstToRegion }),
	countSubject("input.usage.same_pin_calls", func(f *call.Facts) int { return f.Usage.SamePINCalls }),
	countSubject("input.usage.short_calls_to_number", func(f *call.Facts) int { return f.Usage.ShortCallsToNumber }),
	countSubject("input.usage.after_hours_attempts", func(f *call.Facts) int { return f.Usage.AfterHoursAttempts }),
	countSubject("input.usage.site_after_hours_attempts", func(f *call.Facts) int { return f.Usage.SiteAfterHoursAttempts }),
	countSubject("input.usage.short_calls_to_prefix", func(f *call.Facts) int { return f.Usage.ShortCallsToPrefix }),
	countSubject("input.usage.class_attempts_last_minute", func(f *call.Facts) int { return f.Usage.ClassAttemptsLastMinute }),
	countSubject("input.usage.attempts_last_minute", func(f *call.Facts) int { return f.Usage.AttemptsLastMinute }),
	countSubject("input.usage.class_attempts_last_hour", func(f *call.Facts) int { return f.Usage.ClassAttemptsLastHour }),
	countSubject("input.usage.attempts_last_hour", func(f *call.Facts) int { return f.Usage.AttemptsLastHour }),
	countSubject("input.usage.concurrent_calls", func(f *call.Facts) int { return f.Usage.ConcurrentCalls }),
	countSubject("input.usage.pending_calls", func(f *call.Facts) int { return f.Usage.PendingCalls }),
	listSubject("input.callee.lists", func(f *call.Facts) []string { return f.Callee.Lists }),
	listSubject("input.time.schedules", func(f *call.Facts) []string { return f.Time.Schedules }),
	listSubject("input.callee.risk", func(f *call.Facts) []string { return f.Callee.Risk }),
	flagSubject("input.credentials.pin.valid", func(f *call.Facts) bool { return f.Credentials.PIN.Valid }),
	flagSubject("input.credentials.token.valid", func(f *call.Facts) bool { return f.Credentials.Token.Valid }),
	flagSubject("input.credentials.approval.valid", func(f *call.Facts) bool { return f.Credentials.Approval.Valid }),
	textSubject("input.caller.extension", func(f *call.Facts) string { return f.Caller.Extension }),
	textSubject("input.line.kind", func(f *call.Facts) string { return f.Line.Kind }),
	textSubject("input.caller.class_of_service", func(f *call.Facts) string { return f.Caller.ClassOfService }),
	textSubject("input.caller.grade", func(f *call.Facts) string { return f.Caller.Grade }),
	textSubject("input.caller.department", func(f *call.Facts) string { return f.Caller.Department }),
	textSubject("input.caller.place", func(f *call.Facts) string { return f.Caller.Place }),
	textSubject("input.callee.region", func(f *call.Facts) string { return f.Callee.Region }),
	flagSubject("input.caller.known", func(f *call.Facts) bool { return f.Caller.Known }),
}

// classRef is what rules are split by.
var classRef = subjects[0].ref

func textSubject(ref string, read func(*call.Facts) string) *subject {
	return &subject{ref: ast.MustParseRef(ref), kind: aText, text: func(f *call.Facts) string { return validText(read(f)) }}
}

func flagSubject(ref string, read func(*call.Facts) bool) *subject {
	return &subject{ref: ast.MustParseRef(ref), kind: aFlag, text: func(f *call.Facts) string { return strconv.FormatBool(read(f)) }}
}

func countSubject(ref string, read func(*call.Facts) int) *subject {
	return &subject{ref: ast.MustParseRef(ref), kind: aCount, text: func(f *call.Facts) string { return strconv.FormatBool(read(f) > 0) }}
}

func listSubject(ref string, read func(*call.Facts) []string) *subject {
	return &subject{ref: ast.MustParseRef(ref), kind: aList, texts: read}
}
