package call

import "time"

// Facts is the policy input. It is complete by construction: every field is always there, so that a rule that looks
// at one never turns undefined by accident. Its JSON form is what Rego sees and what the ledger keeps.
type Facts struct {
	Time        Clock       `json:"time"`
	Caller      Caller      `json:"caller"`
	Callee      Callee      `json:"callee"`
	Line        Line        `json:"line"`
	Usage       Usage       `json:"usage"`
	Sanction    Sanction    `json:"sanction"`
	Credentials Credentials `json:"credentials"`
	Attempt     Attempt     `json:"attempt"`
}

// Clock is the moment of the decision, resolved in the site's time zone.
type Clock struct {
	At          string `json:"at"`            // RFC 3339 with the site's offset
	Unix        int64  `json:"unix"`          // seconds since 1970
	Date        string `json:"date"`          // 2026-11-23
	Weekday     string `json:"weekday"`       // monday … sunday
	MinuteOfDay int    `json:"minute_of_day"` // 0 … 1439
	Timezone    string `json:"timezone"`      // Asia/Shanghai
	// Schedules names those of data/hours.yaml that are open, sorted; never nil.
	Schedules []string `json:"schedules"`
	Holiday   string   `json:"holiday"` // the day's name in data/hours.yaml; empty on an ordinary day
}

var weekdays = [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// ClockAt returns the facts about t in the zone loc.
func ClockAt(t time.Time, loc *time.Location) Clock {
	t = t.In(loc)
	return Clock{
		At:          t.Format("2006-01-02T15:04:05.000Z07:00"),
		Unix:        t.Unix(),
		Date:        t.Format(time.DateOnly),
		Weekday:     weekdays[t.Weekday()],
		MinuteOfDay: t.Hour()*60 + t.Minute(),
		Timezone:    loc.String(),
		Schedules:   []string{},
	}
}

// Midnight is the first moment of a day in a zone: 01:00 where the clock is set ahead at midnight, as in Havana and Santiago.
// A day beyond the end of its month is one of the next.
func Midnight(year int, month time.Month, day int, zone *time.Location) time.Time {
	t := time.Date(year, month, day, 0, 0, 0, 0, zone)
	if t.Hour() >= 12 { // there is no such moment, and t is as long before it as the clock is set ahead
		_, t = t.ZoneBounds()
	}
	return t
}

// Caller is who is calling, as the directory knows him.
type Caller struct {
	Extension      string `json:"extension"`
	Known          bool   `json:"known"` // is in the directory
	Holder         string `json:"holder"`
	Department     string `json:"department"`
	Grade          string `json:"grade"`
	ClassOfService string `json:"class_of_service"`
	Place          string `json:"place"` // where the phone is
}

// Callee is who is called: the number, and the colleague it belongs to where the directory knows one.
type Callee struct {
	Number
	Extension  string `json:"extension"` // the colleague's extension, or empty
	Holder     string `json:"holder"`
	Department string `json:"department"`
	// Lists names those of data/lists.yaml that the number is in, sorted; never nil.
	Lists []string   `json:"lists"`
	Rate  Rate       `json:"rate"` // what it costs to call the number
	Line  CalleeLine `json:"line"`
}

// CalleeLine is the line of the colleague who is called.
type CalleeLine struct {
	Kind         string `json:"kind"`          // as of Line; empty where nobody in the directory is called
	Guarded      bool   `json:"guarded"`       // data/lines.yaml guards it
	CallerListed bool   `json:"caller_listed"` // the caller is among those who may call it, or everybody is
}

// Line is the phone's line, and the trunk that the call would take.
type Line struct {
	Kind        string      `json:"kind"`         // phone, alarm, duty, conference
	Guarded     bool        `json:"guarded"`      // data/lines.yaml guards it
	CallsListed bool        `json:"calls_listed"` // the called number is among those that it may call, or every number is
	Trunk       Trunk       `json:"trunk"`
	Booking     BookingFact `json:"booking"`
}

// Trunk counts the channels of the trunk that the call would take; the zero value stands for a call that stays inside,
// and for a trunk that data/lines.yaml does not count.
type Trunk struct {
	Name     string `json:"name"`
	Channels int    `json:"channels"`
	InUse    int    `json:"in_use"`   // by calls, and by those that were let out and are not on the trunk yet
	Reserved int    `json:"reserved"` // kept free from this caller, for alarms, emergencies and bookings
	Free     int    `json:"free"`     // for this caller; never negative
	Full     bool   `json:"full"`     // it is counted, and none is free
}

// BookingFact is the caller's booking in data/bookings.yaml that is on now; the zero value stands for none.
type BookingFact struct {
	Active   bool   `json:"active"`
	Title    string `json:"title"`
	Channels int    `json:"channels"`
}

// Sanction says what was imposed on the extension, and on the PIN that was entered.
type Sanction struct {
	Suspended bool   `json:"suspended"` // the extension: by a sanction, or by data/directory.yaml
	Until     string `json:"until"`     // RFC 3339 with the site's offset; empty where no sanction suspends the extension
	Rule      string `json:"rule"`      // that suspended it; empty where no sanction does
	// The same of the PIN; false and empty where none was entered.
	PINSuspended bool   `json:"pin_suspended"`
	PINUntil     string `json:"pin_until"`
	PINRule      string `json:"pin_rule"`
}

// Credentials are what the caller has proved so far. The policy sees facts about them, never digits.
type Credentials struct {
	PIN      Credential `json:"pin"`
	Token    Credential `json:"token"`
	Approval Credential `json:"approval"`
	Matter   Credential `json:"matter"`
}

// Credential is one verified proof; the zero value means that none was given.
type Credential struct {
	Valid      bool   `json:"valid"`
	ID         int64  `json:"id"`
	Holder     string `json:"holder"`
	Department string `json:"department"`
	Level      int    `json:"level"`
	Code       string `json:"code"` // of a matter; no other kind has one that may be seen
}

// of returns where a kind is kept; nil for a kind that does not exist.
func (c *Credentials) of(k CredentialKind) *Credential {
	switch k {
	case PIN:
		return &c.PIN
	case Token:
		return &c.Token
	case Approval:
		return &c.Approval
	case Matter:
		return &c.Matter
	}
	return nil
}

// Has reports whether a credential of the kind was verified.
func (c Credentials) Has(k CredentialKind) bool {
	held := c.of(k)
	return held != nil && held.Valid
}

// Set keeps a credential; it reports false for a kind that does not exist.
func (c *Credentials) Set(k CredentialKind, held Credential) bool {
	at := c.of(k)
	if at == nil {
		return false
	}
	*at = held
	return true
}

// CredentialKind names a way of proving that one may call.
type CredentialKind string

// The kinds that a require rule may ask for.
const (
	PIN      CredentialKind = "pin"
	Token    CredentialKind = "token"
	Approval CredentialKind = "approval"
	Matter   CredentialKind = "matter"
)

// Source says which way a call came to be recorded.
type Source string

// The sources of decisions.
const (
	SourceARI      Source = "ari"      // asked over the Asterisk REST interface
	SourceAGI      Source = "agi"      // asked over FastAGI
	SourceBypass   Source = "bypass"   // found on a trunk, undecided, and hung up
	SourceDialplan Source = "dialplan" // an emergency call that the dialplan let out by itself
	SourceCDR      Source = "cdr"      // a call that was over before there was a daemon: Asterisk's call detail record tells of it
)

// Attempt is one try to call, as Asterisk reports it.
type Attempt struct {
	Source    Source    `json:"source"`
	Channel   string    `json:"channel"`   // Asterisk's unique id of the caller's channel
	Extension string    `json:"extension"` // the caller's number
	Dialled   string    `json:"dialled"`   // the string as dialled
	At        time.Time `json:"at"`
	// Adopted marks a call that was found waiting in Asterisk without an owner, after a restart or a lost connection.
	Adopted bool `json:"adopted"`
}
