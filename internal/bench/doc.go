// Package bench measures what the gate adds to the set-up of a call, on a real Asterisk: the same call, from the same
// SIP phones to the same far end, goes one of four ways.
//
//	plain    Dial(far end)
//	floor    Stasis(an app that only continues); Dial(far end)
//	durable  the same, but the app syncs one page to the disk before it continues
//	gate     [dialwarden-outbound], the real daemon with its policy and its ledger, [dialwarden-released], which dials
//
// The clock is Asterisk's own, in microseconds: the first step of the caller's dialplan reads it (T0), and so does the
// first step at the far end (T1). T1 - T0 is the set-up time of the call. What a way adds is its quantile less that of
// plain; the ratio is what the gate adds to what the floor adds. The quantile of a difference is not known, because no
// call can go two ways.
//
// To be fair to all, the ways alternate call by call on the same Asterisk with the daemon attached, so that noise of
// the machine and Asterisk's work for the daemon's subscription fall upon all of them; Asterisk does not log its steps;
// the floor's app is as lean as it can be made: it searches the event for the channel instead of decoding it, and
// writes a ready-made request to an open connection from the goroutine that read the event. The gate's time holds all
// that an admin gets: the two contexts of the dialplan with their checks, the classifier, the policy, the directory
// and the commit.
//
// Calls a second held by a way: an open loop of evenly spaced calls of that way alone, at a rate that grows by half and
// is then bisected. A rate is held when every call arrives at the far end, no more slowly than asked, and its p99 stays
// within a bound. What a way does not need is not there: the daemon is stopped, the floor's app is not connected.
//
// RunScale is another measurement: a steady load of calls that are answered and go on for a while, first on Asterisk alone,
// then through the daemon, whose processor time and memory are watched and whose ledger is compared with what the phones saw.
package bench
