package usage

import (
	"fmt"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

var morning = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func attempt(c *Counter, ext string, class call.Class, at time.Time) [4]int {
	var u call.Usage
	c.Attempt(&u, ext, class, at)
	return [4]int{u.AttemptsLastMinute, u.AttemptsLastHour, u.ClassAttemptsLastMinute, u.ClassAttemptsLastHour}
}

func TestAttempts(t *testing.T) {
	c := New(call.Past{}, morning)
	for i, tt := range []struct {
		after time.Duration
		ext   string
		class call.Class
		want  [4]int
	}{
		{0, "101", call.Local, [4]int{0, 0, 0, 0}},
		{time.Second, "101", call.International, [4]int{1, 1, 0, 0}},
		{2 * time.Second, "102", call.International, [4]int{0, 0, 0, 0}},
		{3 * time.Second, "101", call.Emergency, [4]int{2, 2, 0, 0}},
		{4 * time.Second, "101", call.International, [4]int{2, 2, 1, 1}},
		{61 * time.Second, "101", call.International, [4]int{1, 3, 1, 2}},
		{time.Hour + time.Second, "101", call.International, [4]int{0, 2, 0, 2}},
	} {
		if got := attempt(c, tt.ext, tt.class, morning.Add(tt.after)); got != tt.want {
			t.Errorf("%d: got %v, want %v", i, got, tt.want)
		}
	}
}

func TestShortCalls(t *testing.T) {
	c := New(call.Past{}, morning)
	for i, number := range []string{"+18761234567", "+18761234567", "+18761239999", "95588", "+18761234567", ""} {
		c.Ended(number, i*5, morning.Add(time.Duration(i)*time.Minute))
	}
	short := func(number string, seconds int, within time.Duration) [2]int {
		var u call.Usage
		c.Short(&u, number, call.ShortCalls{Seconds: seconds, Within: within}, morning.Add(10*time.Minute))
		return [2]int{u.ShortCallsToNumber, u.ShortCallsToPrefix}
	}
	for _, tt := range []struct {
		number  string
		seconds int
		within  time.Duration
		want    [2]int
	}{
		{"+18761234567", 15, time.Hour, [2]int{2, 3}},
		{"+18761234567", 20, time.Hour, [2]int{3, 4}},
		{"+18761234567", 20, 8*time.Minute + time.Second, [2]int{1, 2}},
		{"+18761230000", 20, time.Hour, [2]int{0, 4}},
		{"+18761240000", 20, time.Hour, [2]int{0, 0}},
		{"95588", 20, time.Hour, [2]int{1, 0}},
		{"", 20, time.Hour, [2]int{0, 0}},
	} {
		if got := short(tt.number, tt.seconds, tt.within); got != tt.want {
			t.Errorf("%+v: got %v", tt, got)
		}
	}
}

func TestRegionsAndPINs(t *testing.T) {
	c := New(call.Past{Regions: []string{"CN"}}, morning)
	if c.First("CN") || c.First("") || !c.First("JM") {
		t.Error("the past is not known")
	}
	if c.LetOut("JM"); c.First("JM") {
		t.Error("a first call comes twice")
	}
	if a, b, none := c.Begin(7), c.Begin(7), c.Begin(0); a != 0 || b != 1 || none != 0 || c.WithPIN(7) != 2 {
		t.Error(a, b, none)
	}
	c.End(7)
	c.End(7)
	if len(c.pins) != 0 {
		t.Error("a PIN that is not in use is kept")
	}
}

// TestPast counts what a ledger remembers as if it had been seen.
func TestPast(t *testing.T) {
	now := time.Now()
	ago := func(d time.Duration) time.Time { return now.Add(-d).UTC().Round(0) }
	c := New(call.Past{Calls: []call.PastCall{
		{At: ago(2 * time.Hour), Extension: "101", Class: call.Local, Number: "+18761234567", Answered: true, Seconds: 3, EndedAt: ago(2 * time.Hour)},
		{At: ago(30 * time.Minute), Extension: "101", Class: call.Local},
		{At: ago(30 * time.Second), Extension: "101", Class: call.International, Number: "+18761234567", Answered: true, Seconds: 3, EndedAt: ago(20 * time.Second)},
		{At: ago(-time.Hour), Extension: "101", Class: call.International}, // the clock was set back meanwhile
	}}, now)
	if got := attempt(c, "101", call.International, now.Add(time.Second)); got != [4]int{2, 3, 2, 2} {
		t.Errorf("got %v", got)
	}
	var u call.Usage
	c.Short(&u, "+18761234567", call.ShortCalls{Seconds: 10, Within: time.Hour}, now.Add(time.Second))
	if u.ShortCallsToNumber != 1 || u.ShortCallsToPrefix != 1 {
		t.Errorf("got %+v", u)
	}
}

// TestBounded floods a window and finds it as large as it may be, and right about what it keeps.
func TestBounded(t *testing.T) {
	w := newWindow(time.Hour, 1000, 100, morning)
	at := morning
	for i := range 50_000 {
		at = at.Add(time.Millisecond)
		w.add("busy", at, 0)
		w.add(fmt.Sprint(i), at, 0)
	}
	if stamps := kept(t, w); stamps > 1000 || stamps < 750 || len(w.stamps[w.hash("busy")]) > 100 {
		t.Errorf("%d stamps, %d of one key", stamps, len(w.stamps[w.hash("busy")]))
	}
	if n := w.count("busy", at.Add(-50*time.Millisecond), 0); n != 50 {
		t.Errorf("counted %d, want 50", n)
	}
	if n := w.count("49999", morning, 0); n != 1 || w.count("0", morning, 0) != 0 {
		t.Errorf("counted %d", n)
	}
	w.add("late", at.Add(2*time.Hour), 0)
	if n := kept(t, w); n != 1 || len(w.stamps) != 1 {
		t.Errorf("%d stamps, %d keys are kept", n, len(w.stamps))
	}
}

// TestBoundedAtOneInstant: where there is nothing older to forget, a flood at one instant forgets itself.
func TestBoundedAtOneInstant(t *testing.T) {
	w := newWindow(time.Hour, 1000, 100, morning)
	for i := range 5_000 {
		w.add(fmt.Sprint(i), morning, 0)
	}
	if n := kept(t, w); n > 1000 || w.count("4999", morning.Add(-time.Second), 0) != 1 {
		t.Errorf("%d stamps are kept", n)
	}
}

// kept counts the stamps that are kept, as the window should, too.
func kept(t *testing.T, w *window) (stamps int) {
	t.Helper()
	for _, s := range w.stamps {
		stamps += len(s)
		if s[0].at < w.oldest {
			t.Errorf("a stamp of %v is older than the oldest, %v", s[0].at, w.oldest)
		}
	}
	if stamps != w.size {
		t.Errorf("%d stamps, and %d are counted", stamps, w.size)
	}
	return stamps
}

// BenchmarkWindow adds and counts at full size, many keys with one stamp each, as of numbers that are called.
func BenchmarkWindow(b *testing.B) {
	w := newWindow(24*time.Hour, maxShort, maxShortCalls, morning)
	at := morning
	for i := 0; b.Loop(); i++ {
		at = at.Add(10 * time.Millisecond)
		number := fmt.Sprintf("+8610%08d", i)
		w.add(number, at, 0)
		w.count(number, morning, 0)
	}
}

// TestAfterHours: attempts count by phone and for the site, for an hour, and a restart forgets none.
func TestAfterHours(t *testing.T) {
	now := time.Now()
	c := New(call.Past{Calls: []call.PastCall{
		{At: now.Add(-2 * time.Hour), Extension: "101", Class: call.International, AfterHours: true},
		{At: now.Add(-30 * time.Minute), Extension: "101", Class: call.International, AfterHours: true},
		{At: now.Add(-20 * time.Minute), Extension: "101", Class: call.Local},
	}}, now)
	var u call.Usage
	for i, tt := range []struct {
		extension   string
		counts      bool
		at          time.Duration
		phone, site int
	}{
		{"101", true, 0, 1, 1}, {"102", true, 0, 0, 2}, {"101", false, 0, 2, 3}, {"101", true, 0, 2, 3},
		{"101", false, 31 * time.Minute, 2, 3}, {"101", false, 2 * time.Hour, 0, 0},
	} {
		c.Late(&u, tt.extension, tt.counts, now.Add(tt.at))
		if u.AfterHoursAttempts != tt.phone || u.SiteAfterHoursAttempts != tt.site {
			t.Errorf("%d: %d of the phone, %d of the site", i, u.AfterHoursAttempts, u.SiteAfterHoursAttempts)
		}
	}
}
