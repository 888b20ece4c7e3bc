package call

import (
	"fmt"
	"time"
)

// NoteName is the global variable in which the dialplan notes the end of a channel's call. Others share it.
func NoteName(channel string) string { return "DIALWARDEN_END_" + channel[max(0, len(channel)-2):] }

// ReadNote reads what the dialplan noted: CHANNEL MS-SINCE-1970 MS-ANSWERED CAUSE. It reports false for a note about another
// channel, and for anything else.
func ReadNote(note, channel string) (End, bool) {
	var of string
	var at, talked int64
	var cause int
	if n, _ := fmt.Sscan(note, &of, &at, &talked, &cause); n != 4 || of != channel || at <= 0 || talked < 0 {
		return End{}, false
	}
	e := End{EndedAt: time.UnixMilli(at), Cause: cause}
	if talked > 0 {
		e.AnsweredAt = e.EndedAt.Add(-time.Duration(talked) * time.Millisecond)
	}
	return e, true
}
