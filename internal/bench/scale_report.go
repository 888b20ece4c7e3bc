package bench

import (
	"fmt"
	"io"
)

// Scale is what a run of RunScale found.
type Scale struct {
	Machine    Machine  `json:"machine"`
	AskedCalls int      `json:"asked_calls"` // in progress
	AskedRate  int      `json:"asked_rate"`  // calls a second
	Calls      int      `json:"calls"`       // what Asterisk alone has carried of them, and both sides were given
	Rate       int      `json:"rate"`
	For        float64  `json:"for_s"` // how long calls were placed
	SlowAfter  int64    `json:"slow_after_ms"`
	Plain      Side     `json:"plain"` // Asterisk alone
	Gate       Side     `json:"gate"`  // through Dialwarden
	Share      float64  `json:"share"` // processor time of the daemon divided by that of Asterisk beside it
	Memory     Memory   `json:"memory"`
	Ledger     Compared `json:"ledger"`
}

// Side is how a load was carried.
type Side struct {
	Placed  int     `json:"placed"`
	Failed  int     `json:"failed"`
	Slow    int     `json:"slow"`
	Faults  string  `json:"faults,omitempty"` // what failed, and how often
	Rate    float64 `json:"rate"`             // calls placed a second
	Peak    int     `json:"peak"`             // calls in progress
	Average float64 `json:"average"`          // the same, between the end of the ramp and the last call that was placed
	Ring    Times   `json:"ring_us"`          // from the INVITE to 180
	Answer  Times   `json:"answer_us"`        // from the INVITE to 200; the carrier rings for 50 ms
	Costs   costs   `json:"processor"`
}

// compare fills in what follows from both sides.
func (r *Scale) compare() {
	if r.Gate.Costs.Asterisk > 0 {
		r.Share = r.Gate.Costs.Daemon / r.Gate.Costs.Asterisk
	}
}

// perCall is processor time in ms a call.
func (s Side) perCall(seconds float64) float64 { return 1000 * seconds / float64(max(1, s.Placed)) }

// Print writes the report for people.
func (r *Scale) Print(w io.Writer) error {
	p := &printed{w: w}
	m := r.Machine
	p.line("Asterisk %s, Linux %s, %d CPUs (%s)", m.Asterisk, m.Kernel, m.CPUs, m.Processor)
	p.line("%d calls in progress, %d a second, for %.0f s, each way; no audio", r.Calls, r.Rate, r.For)
	if r.Calls != r.AskedCalls {
		p.line("Asterisk alone does not carry %d calls and %d a second on this machine: this is what it carries", r.AskedCalls, r.AskedRate)
	}
	a, g := r.Plain, r.Gate
	p.line("\n%-38s %14s %14s", "", "Asterisk alone", "Dialwarden")
	p.line("%-38s %14d %14d", "calls", a.Placed, g.Placed)
	p.line("%-38s %14.1f %14.1f", "placed a second", a.Rate, g.Rate)
	p.line("%-38s %14d %14d", "in progress at the peak", a.Peak, g.Peak)
	p.line("%-38s %14.0f %14.0f", "  on the average", a.Average, g.Average)
	p.line("%-38s %14d %14d", "failed", a.Failed, g.Failed)
	p.line("%-38s %14d %14d", fmt.Sprintf("answered later than after %d ms", r.SlowAfter), a.Slow, g.Slow)
	p.line("%-38s %14.1f %14.1f", "INVITE to 180, ms, p50", ms(a.Ring.P50), ms(g.Ring.P50))
	p.line("%-38s %14.1f %14.1f", "  p99", ms(a.Ring.P99), ms(g.Ring.P99))
	p.line("%-38s %14.1f %14.1f", "INVITE to 200 (rings for 50 ms), p50", ms(a.Answer.P50), ms(g.Answer.P50))
	p.line("%-38s %14.1f %14.1f", "  p99", ms(a.Answer.P99), ms(g.Answer.P99))
	p.line("%-38s %14.2f %14.2f", "processor time a call, ms: Asterisk", a.perCall(a.Costs.Asterisk), g.perCall(g.Costs.Asterisk))
	p.line("%-38s %14s %14.2f", "  daemon", "", g.perCall(g.Costs.Daemon))
	p.line("%-38s %14.2f %14.2f", "  phones and carrier", a.perCall(a.Costs.Phones), g.perCall(g.Costs.Phones))
	p.line("%-38s %14s %14.3f", "daemon's of Asterisk's", "", r.Share)
	for _, side := range []struct{ who, faults string }{{"Asterisk alone", a.Faults}, {"Dialwarden", g.Faults}} {
		if side.faults != "" {
			p.line("%s: %s", side.who, side.faults)
		}
	}
	p.line("\nmemory of the daemon, MiB      first minute   last minute      peak   MiB a minute")
	p.line("resident                      %13.1f %13.1f %9.1f %14.2f", r.Memory.Resident.fields()...)
	p.line("  of that, heaps and stacks   %13.1f %13.1f %9.1f %14.2f", r.Memory.Anonymous.fields()...)
	r.Ledger.print(p)
	return p.err
}

func (d Development) fields() []any { return []any{d.First, d.Last, d.Peak, d.Slope} }

func (c Compared) print(p *printed) {
	p.line("\nledger: %d decisions on %d calls; %d calls without one, %d too many, %d refused", c.Decisions, c.Placed, c.Undecided, c.Repeated, c.Refused)
	p.line("missed: %d answers, %d ends, %d more that no event told; %d lengths are not what the phone saw (at most %d ms off)",
		c.NoAnswer, c.NoEnd, c.NotHeard, c.Wrong, c.MostOff)
	p.line("log verify: %s", c.Verify)
}

// printed writes lines until one cannot be written.
type printed struct {
	w   io.Writer
	err error
}

func (p *printed) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}
