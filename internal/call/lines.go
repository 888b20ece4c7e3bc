package call

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// The kinds of lines that have a meaning of their own; any other is an ordinary phone.
const (
	LinePhone      = "phone"
	LineAlarm      = "alarm"      // is never without a channel: it may have another call ended
	LineDuty       = "duty"       // is to be reached at any time
	LineConference = "conference" // channels can be booked for it
)

// DefaultTrunk is the name of the trunk that a call takes for which no rule names another.
const DefaultTrunk = "default"

// Lines is what data/lines.yaml and data/bookings.yaml say. It never changes.
type Lines struct {
	Guarded  map[string]GuardedLine // by extension
	Trunks   map[string]TrunkLine   // by name
	Kept     []string               // kinds of lines that may use what Reserve keeps free
	Priority Priority
	Bookings []Booking
}

// GuardedLine is a phone that is kept for its purpose.
type GuardedLine struct {
	Calls    *LineList // whom it may call; nil: whom the other rules let it call
	Callers  *LineList // who may call it; nil: whom the other rules let call it
	OffHook  time.Duration
	Ring     string // the extension that rings when it is busy for longer than OffHook; empty: none
	Priority *int   // of its calls; nil: as Lines.Priority says
	Endpoint string // PJSIP/gate; empty: the endpoint is the extension
}

// LineList is who is at the other end of a guarded line.
type LineList struct {
	Numbers, Prefixes, Lists, Extensions, Departments []string
}

// TrunkLine is a trunk whose channels are counted.
type TrunkLine struct {
	Endpoint string // PJSIP/carrier: how the names of its channels begin
	Channels int    // how many calls it carries at once
	Reserve  int    // how many of them ordinary calls leave free
}

// Priority says which call is ended first when an emergency or an alarm needs its channel: the one with the lowest.
type Priority struct {
	Usual, Undecided   int
	Line, Grade, Class map[string]int
}

// Booking holds channels of a trunk free for some callers. Its times are minutes of the clock on the wall (WallMinute).
type Booking struct {
	Title       string
	Trunk       string
	From, To    int  // To is the first minute after it
	Weekly      bool // it comes back every week
	Until       int  // the last minute in which one of those may begin; 0: no end
	Channels    int
	Extensions  []string
	Departments []string
}

// week in minutes.
const week = 7 * 24 * 60

// WallMinute counts the minutes since 1970 by the clock on the wall; false where the date is none.
func WallMinute(date string, minute int) (int, bool) {
	d, err := time.Parse(time.DateOnly, date)
	return int(d.Unix()/60) + minute, err == nil
}

// Minute is WallMinute of the clock; 0 where it shows no date.
func (c Clock) Minute() int {
	m, _ := WallMinute(c.Date, c.MinuteOfDay)
	return m
}

// At reports whether the booking is on at a minute.
func (b Booking) At(minute int) bool {
	begun := minute - b.From
	if !b.Weekly || begun < 0 {
		return begun >= 0 && minute < b.To
	}
	into := begun % week
	return into < b.To-b.From && (b.Until == 0 || minute-into <= b.Until)
}

// Next is the first minute, at or after the given one, in which the booking begins; false if there is none.
func (b Booking) Next(minute int) (int, bool) {
	from := b.From
	if b.Weekly && minute > from {
		from += (minute - from + week - 1) / week * week
	}
	return from, from >= minute && (!b.Weekly || b.Until == 0 || from <= b.Until)
}

// For reports whether a caller may use the booking's channels.
func (b Booking) For(extension, department string) bool {
	return slices.Contains(b.Extensions, extension) || department != "" && slices.Contains(b.Departments, department)
}

// BookingOf is the caller's booking at a minute: of several, the one with most channels.
func (l *Lines) BookingOf(c Caller, minute int) (Booking, bool) {
	var found Booking
	for _, b := range l.Bookings {
		if b.At(minute) && b.For(c.Extension, c.Department) && b.Channels > found.Channels {
			found = b
		}
	}
	return found, found.Channels > 0
}

// PriorityOf is the priority of a call: that of the line itself, else of its kind, else of the holder's grade, else of
// the called number's class, else the usual one.
func (l *Lines) PriorityOf(extension, kind, grade string, class Class) int {
	if own := l.Guarded[extension].Priority; own != nil {
		return *own
	}
	for _, found := range []struct {
		by  map[string]int
		key string
	}{{l.Priority.Line, kind}, {l.Priority.Grade, grade}, {l.Priority.Class, string(class)}} {
		if p, ok := found.by[found.key]; ok {
			return p
		}
	}
	return l.Priority.Usual
}

// TrunkOf finds the trunk that a channel is on by the channel's name (PJSIP/carrier-0000002a, DAHDI/i1/2062345678-3);
// empty if it is on none.
func (l *Lines) TrunkOf(channelName string) string {
	best, length := "", 0
	for name, t := range l.Trunks {
		n := len(t.Endpoint)
		if n > length && n < len(channelName) && strings.EqualFold(channelName[:n], t.Endpoint) && (channelName[n] == '-' || channelName[n] == '/') {
			best, length = name, n
		}
	}
	return best
}

// GuardedAt finds the guarded line that a channel is on by the channel's name; empty if it is on none.
func (l *Lines) GuardedAt(channelName string) string {
	if ext := EndpointNumber(channelName); ext != "" {
		if g, ok := l.Guarded[ext]; ok && g.Endpoint == "" {
			return ext
		}
	}
	if dash := strings.LastIndexByte(channelName, '-'); dash > 0 {
		for ext, g := range l.Guarded {
			if strings.EqualFold(g.Endpoint, channelName[:dash]) {
				return ext
			}
		}
	}
	return ""
}

// Covers reports whether a number that is called is on the list. Lists are those of data/lists.yaml that it is in.
func (x *LineList) Covers(n Callee) bool {
	key := n.Key()
	switch {
	case n.Class == Internal && (slices.Contains(x.Extensions, n.Digits) || slices.Contains(x.Departments, n.Department) && n.Department != ""):
		return true
	case slices.Contains(x.Numbers, key):
		return true
	}
	return common(x.Lists, n.Lists) || slices.ContainsFunc(x.Prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
}

// Admits reports whether a caller is on the list. Lists are those of data/lists.yaml that his number is in.
func (x *LineList) Admits(c Caller, lists []string) bool {
	return slices.Contains(x.Extensions, c.Extension) || c.Department != "" && slices.Contains(x.Departments, c.Department) ||
		slices.Contains(x.Numbers, c.Extension) || common(x.Lists, lists) ||
		slices.ContainsFunc(x.Prefixes, func(p string) bool { return strings.HasPrefix(c.Extension, p) })
}

func common(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// KindOf is the kind of a directory entry's line.
func (e Extension) KindOf() string { return cmp.Or(e.Line, LinePhone) }

// Seat is what a call that leaves the house asks a trunk for.
type Seat struct {
	Channel string // the caller's
	Trunk   string // its name
	Caller  Caller
	Kind    string // of the caller's line
	Class   Class  // of the called number
	Minute  int    // WallMinute, now
	Source  Source
	Lines   *Lines // of the policy that the call is decided by
}

// Urgent reports whether the call is never to be refused a channel: another one gives way to it.
func (s Seat) Urgent() bool { return s.Kind == LineAlarm || s.Class == Emergency }

// TrunkStatus is how a trunk stands now.
type TrunkStatus struct {
	Name     string `json:"name"`
	Endpoint string `json:"endpoint"`
	Channels int    `json:"channels"`
	InUse    int    `json:"in_use"`
	Reserved int    `json:"reserved"` // kept free from ordinary calls: the reserve, and what is booked and not in use
	Free     int    `json:"free"`     // for ordinary calls
}

// LineStatus is how a guarded line stands now.
type LineStatus struct {
	Extension string    `json:"extension"`
	Kind      string    `json:"kind"`
	Holder    string    `json:"holder"`
	OffHook   int       `json:"off_hook_seconds"` // 0: it may be busy for any time
	Ring      string    `json:"ring"`
	Busy      bool      `json:"busy"`
	Since     time.Time `json:"since,omitzero"` // it is busy
	Alerted   bool      `json:"alerted"`        // it is busy for too long, and that was told
}

// BookingStatus is a booking that is on now.
type BookingStatus struct {
	Title    string `json:"title"`
	Trunk    string `json:"trunk"`
	Channels int    `json:"channels"`
	InUse    int    `json:"in_use"`
}

// LinesStatus is how guarded lines, trunks and bookings stand now.
type LinesStatus struct {
	// Connected says that Asterisk's channels are seen; without that nothing is known of what is in use.
	Connected bool            `json:"connected"`
	Lines     []LineStatus    `json:"lines"`
	Trunks    []TrunkStatus   `json:"trunks"`
	Bookings  []BookingStatus `json:"bookings"`
}
