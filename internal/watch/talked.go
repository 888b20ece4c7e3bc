package watch

import "time"

// clockStep is how far the clock must have been set to count as that: nothing else moves it so much.
const clockStep = 500 * time.Millisecond

// talked is how long an answered call that ends now was, if the clock was set during it and the times of answer and end do
// not tell; else 0. Asterisk's clock may have been set together with ours, or be another one.
func (f *followed) talked(ended, now time.Time) time.Duration {
	if f.answered.IsZero() || f.heard.IsZero() {
		return 0
	}
	passed := now.Sub(f.heard) // by the clock that cannot be set
	set := now.Round(0).Sub(f.heard.Round(0)) - passed
	return length(ended.Round(0).Sub(f.answered.Round(0)), passed, set)
}

// length corrects how long a call was by the times of its answer and its end, where passed is how long ago we heard of the
// answer, and our clock was set by so much since; 0 if the times are right.
func length(stamps, passed, set time.Duration) time.Duration {
	if moved := stamps - set; set.Abs() >= clockStep && (moved-passed).Abs() < (stamps-passed).Abs() {
		return max(moved, time.Millisecond)
	}
	if stamps < 0 {
		return passed
	}
	return 0
}
