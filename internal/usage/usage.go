// Package usage counts calls as fraud shows in them: attempts of an extension within a minute and an hour, short calls
// to one number or to a block of numbers, the first call ever to a country, and one PIN in several calls.
//
// Everything is in memory and bounded; what a restart would forget is read from the ledger (New). Looking something up
// takes the same time however many calls there were. Times are compared by the monotonic clock, so that setting the
// clock back lifts no limit.
package usage

import (
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// What is remembered at most, and so the largest count that there can be.
const (
	maxAttempts   = 400_000 // of all extensions within an hour; each counts up to four times: for its class and who pays, too
	maxPerCaller  = 1_000   // of one extension
	maxShort      = 100_000 // short calls to all numbers
	maxShortCalls = 200     // to one number or prefix
	maxRegions    = 1_000
)

// Lookback is how far back New wants to know the calls.
const Lookback = call.MaxShortWithin

// Counter counts calls. It belongs to one goroutine, or to a lock of its owner.
type Counter struct {
	attempts *window // by extension, and by extension and class
	short    *window // by number and by prefix
	regions  map[string]bool
	pins     map[int64]int // calls that go on, by PIN
}

// New returns a counter that knows the past; now is the time at which the past was read.
func New(past call.Past, now time.Time) *Counter {
	c := &Counter{
		attempts: newWindow(time.Hour, maxAttempts, maxPerCaller, now),
		short:    newWindow(call.MaxShortWithin, maxShort, maxShortCalls, now),
		regions:  map[string]bool{}, pins: map[int64]int{},
	}
	for _, r := range past.Regions {
		c.LetOut(r)
	}
	wall := now.Round(0)
	monotonic := func(at time.Time) time.Time { return now.Add(min(0, at.Sub(wall))) }
	for _, p := range past.Calls {
		if at := monotonic(p.At); now.Sub(at) < time.Hour {
			c.attempt(p.Extension, p.Class, at)
			if p.AfterHours {
				c.lateAttempt(p.Extension, at)
			}
			for _, who := range payers(p.Holder, p.Department) {
				if p.Class != call.Emergency && who != (call.Spender{}) {
					c.attempts.add(keyOf(who), at, 0)
				}
			}
		}
		if p.Answered && !p.EndedAt.IsZero() {
			c.Ended(p.Number, p.Seconds, monotonic(p.EndedAt))
		}
	}
	return c
}

// Attempt counts an attempt, and sets in u how many came before it.
func (c *Counter) Attempt(u *call.Usage, extension string, class call.Class, now time.Time) {
	minute, hour := now.Add(-time.Minute), now.Add(-time.Hour)
	same := extension + " " + string(class)
	u.AttemptsLastMinute = c.attempts.count(extension, minute, 0)
	u.AttemptsLastHour = c.attempts.count(extension, hour, 0)
	u.ClassAttemptsLastMinute = c.attempts.count(same, minute, 0)
	u.ClassAttemptsLastHour = c.attempts.count(same, hour, 0)
	c.attempt(extension, class, now)
}

func (c *Counter) attempt(extension string, class call.Class, at time.Time) {
	if class == call.Emergency {
		return
	}
	c.attempts.add(extension, at, 0)
	c.attempts.add(extension+" "+string(class), at, 0)
}

// The keys of attempts after hours: no class has this name, and no extension.
const (
	late     = " after hours"
	lateSite = "the site" + late
)

// Late sets in u how many attempts after hours there were, and counts one where this is one.
func (c *Counter) Late(u *call.Usage, extension string, counts bool, now time.Time) {
	hour := now.Add(-time.Hour)
	u.AfterHoursAttempts = c.attempts.count(extension+late, hour, 0)
	u.SiteAfterHoursAttempts = c.attempts.count(lateSite, hour, 0)
	if counts {
		c.lateAttempt(extension, now)
	}
}

func (c *Counter) lateAttempt(extension string, at time.Time) {
	c.attempts.add(extension+late, at, 0)
	c.attempts.add(lateSite, at, 0)
}

// AttemptOf counts an attempt for somebody who would pay for it, and sets in u how many came before it. An emergency call
// does not count.
func (c *Counter) AttemptOf(u *call.UsageOf, who call.Spender, class call.Class, now time.Time) {
	if who.Name == "" {
		*u = call.UsageOf{}
		return
	}
	key := keyOf(who)
	u.AttemptsLastMinute = c.attempts.count(key, now.Add(-time.Minute), 0)
	u.AttemptsLastHour = c.attempts.count(key, now.Add(-time.Hour), 0)
	if class != call.Emergency {
		c.attempts.add(key, now, 0)
	}
}

// keyOf keeps people and departments apart from extensions, which are dial strings.
func keyOf(who call.Spender) string { return string(who.Scope) + "\x00" + who.Name }

func payers(holder, department string) [2]call.Spender {
	var of [2]call.Spender
	if holder != "" {
		of[0] = call.Spender{Scope: call.OfHolder, Name: holder}
	}
	if department != "" {
		of[1] = call.Spender{Scope: call.OfDepartment, Name: department}
	}
	return of
}

// Ended counts a call that was answered and has ended after so many seconds.
func (c *Counter) Ended(number string, seconds int, at time.Time) {
	if number == "" || seconds > call.MaxShortSeconds {
		return
	}
	c.short.add(number, at, seconds)
	if p := prefixOf(number); p != "" {
		c.short.add(p, at, seconds)
	}
}

// Short sets in u how many short calls there were to the number and its prefix.
func (c *Counter) Short(u *call.Usage, number string, s call.ShortCalls, now time.Time) {
	if number == "" {
		return
	}
	since := now.Add(-s.Within)
	u.ShortCallsToNumber = c.short.count(number, since, s.Seconds)
	if p := prefixOf(number); p != "" {
		u.ShortCallsToPrefix = c.short.count(p, since, s.Seconds)
	}
}

// prefixOf is the block of ten thousand numbers that a number is in; a short number is in none. The star keeps it
// apart from a number of the same digits.
func prefixOf(number string) string {
	if len(number) < 9 {
		return ""
	}
	return number[:len(number)-4] + "*"
}

// First reports whether no call to the country was let out yet; false where the number has no country.
func (c *Counter) First(region string) bool { return region != "" && !c.regions[region] }

// LetOut notes that a call to the country was let out.
func (c *Counter) LetOut(region string) {
	if region != "" && len(c.regions) < maxRegions {
		c.regions[region] = true
	}
}

// Begin counts a call that goes on with a PIN, and returns how many others do.
func (c *Counter) Begin(pin int64) (others int) {
	if pin == 0 {
		return 0
	}
	others = c.pins[pin]
	c.pins[pin]++
	return others
}

// End ends what Begin counted.
func (c *Counter) End(pin int64) {
	if c.pins[pin]--; c.pins[pin] <= 0 {
		delete(c.pins, pin)
	}
}

// WithPIN is how many calls go on with the PIN.
func (c *Counter) WithPIN(pin int64) int { return c.pins[pin] }
