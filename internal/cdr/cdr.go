// Package cdr reads the call detail records that Asterisk writes into a file (cdr_csv, Master.csv): what is left of calls
// that began or ended while nobody listened to Asterisk's events.
//
// A record is a line of comma-separated values, in the order of Asterisk's documentation, with uniqueid and userfield
// behind (loguniqueid and loguserfield in cdr.conf). Its times are to the second, in UTC or in the time zone of Asterisk's
// machine (usegmtime); which one is seen by the unique id, which begins with the moment at which the channel was made. A
// channel has a further record for each further call that it is in (a transfer, a second trunk): that one begins later.
package cdr

import (
	"strconv"
	"strings"
	"time"
)

// Record is what one call detail record says, as far as we need it.
type Record struct {
	Source    string // the caller ID
	Dialled   string // the extension of the dialplan that the call was in at last
	Context   string // and its context
	Channel   string // the caller's channel: PJSIP/101-0000002a
	UniqueID  string // of that channel
	UserField string // the decision's id, as our dialplan notes it; or what stands in Emergency and Unavailable
	StartedAt time.Time
	Span
}

// Span is when a call was answered by the called party, zero if nobody did, and when it ended.
type Span struct{ AnsweredAt, EndedAt time.Time }

// with adds what a later record tells of the same call: Asterisk writes one for each try, and for each part of a transfer.
func (s Span) with(later Span) Span {
	if !s.AnsweredAt.IsZero() {
		later.AnsweredAt = s.AnsweredAt
	}
	return later
}

// What our dialplan writes into the user field of calls that no daemon has decided.
const (
	Emergency   = "emergency"    // it was let out as an emergency call
	Unavailable = "unavailable " // it was refused, because no daemon answered; the digits as dialled follow
)

// The columns of a line.
const (
	columnSource    = 1
	columnDialled   = 2
	columnContext   = 3
	columnChannel   = 5
	columnStart     = 9
	columnAnswer    = 10
	columnEnd       = 11
	columnUniqueID  = 16
	columnUserField = 17
	columns         = 18 // at least; some versions write more
)

// clock is how far from UTC the times of a file are, as far as its records have told.
type clock struct {
	ahead time.Duration
	known bool
}

// begun is how long a channel's first record may begin after the channel was made.
const begun = 3 * time.Second

// of is how far from UTC the times of a record are that begins at start, by its clock, about a channel made at that moment:
// a multiple of a quarter of an hour. A record that begins later than its channel does not tell, others do.
func (c *clock) of(start, made time.Time) time.Duration {
	late := start.Sub(made)
	ahead := late.Round(15 * time.Minute)
	if (late - ahead).Abs() <= begun {
		c.ahead, c.known = ahead, true
	}
	if c.known {
		return c.ahead
	}
	return ahead
}

// parse reads the fields of a line; false for what is no record with a unique id.
func (c *clock) parse(fields []string) (r Record, ok bool) {
	if len(fields) < columns {
		return r, false
	}
	r = Record{
		Source: fields[columnSource], Dialled: fields[columnDialled], Context: fields[columnContext],
		Channel: fields[columnChannel], UniqueID: fields[columnUniqueID], UserField: fields[columnUserField],
	}
	made, ok := madeAt(r.UniqueID)
	start, err := time.Parse(time.DateTime, fields[columnStart])
	if !ok || err != nil {
		return r, false
	}
	ahead := c.of(start, made)
	moment := func(text string) time.Time {
		t, err := time.Parse(time.DateTime, text)
		if err != nil {
			return time.Time{}
		}
		return t.Add(-ahead)
	}
	r.StartedAt, r.AnsweredAt, r.EndedAt = moment(fields[columnStart]), moment(fields[columnAnswer]), moment(fields[columnEnd])
	return r, !r.EndedAt.IsZero()
}

// madeAt reads when a channel was made from its unique id: SYSTEM-SECONDS.NUMBER.
func madeAt(uniqueID string) (time.Time, bool) {
	number, _, ok := strings.Cut(uniqueID[strings.LastIndexByte(uniqueID, '-')+1:], ".")
	seconds, err := strconv.ParseInt(number, 10, 64)
	return time.Unix(seconds, 0).UTC(), ok && err == nil && seconds > 0
}

// Undecided puts together what the records, in the order of their ends, tell of each call that no daemon has decided: an
// emergency call that found no channel at first has a record for each try.
func Undecided(records []Record) []Record {
	var all []Record
	place := map[[2]string]int{}
	for _, r := range records {
		if r.UserField != Emergency && !strings.HasPrefix(r.UserField, Unavailable) {
			continue
		}
		key := [2]string{r.UniqueID, r.UserField}
		i, known := place[key]
		if !known {
			place[key] = len(all)
			all = append(all, r)
			continue
		}
		all[i].Span = all[i].with(r.Span)
	}
	return all
}
