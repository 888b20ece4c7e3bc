package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strings"
	"time"
)

// Compared is what became of the calls in the ledger, beside what the phones saw.
type Compared struct {
	Placed    int `json:"placed"`
	Decisions int `json:"decisions"`
	Undecided int `json:"undecided"`   // calls without a decision
	Repeated  int `json:"repeated"`    // decisions on calls that have one already, or that nobody placed
	Refused   int `json:"refused"`     // decisions that let nobody out
	NoAnswer  int `json:"no_answer"`   // calls that the phone saw answered, and the ledger has no answer of
	NoEnd     int `json:"no_end"`      // calls that were let out and have no end
	NotHeard  int `json:"not_heard"`   // ends that no event of Asterisk has told: end_source is not ari
	Wrong     int `json:"wrong"`       // calls whose seconds are not what the phone saw
	MostOff   int `json:"most_off_ms"` // the greatest difference of ended_at less answered_at from what the phone saw
	// Verify is what `log verify` says; Verified that it found no fault.
	Verified bool   `json:"verified"`
	Verify   string `json:"verify"`
}

// Missed reports whether anything is not as it should be.
func (c Compared) Missed() bool {
	return c.Undecided+c.Repeated+c.Refused+c.NoAnswer+c.NoEnd+c.NotHeard+c.Wrong > 0 || c.Placed != c.Decisions || !c.Verified
}

// latitude is how much longer or shorter a call may be for the phone than on the trunk.
const latitude = 500 * time.Millisecond

// settlePatience is how long the daemon may take to learn of the last ends; its sweep comes every 5 s.
const settlePatience = 15 * time.Second

// settled waits until the daemon knows of no call in progress any more.
func (s *scale) settled(ctx context.Context, config string) error {
	patience, cancel := context.WithTimeout(ctx, settlePatience)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		out, err := s.ask(patience, config, "call", "list", "--json", "--mask")
		if patience.Err() != nil && ctx.Err() == nil {
			s.say("  the daemon still knows of calls in progress; what they lack is counted")
			return nil
		}
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(out)) == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-patience.Done():
		}
	}
}

// ask runs a verb of the program and returns its standard output.
func (s *scale) ask(ctx context.Context, config string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.Program, append([]string{"--config", config}, args...)...) //nolint:gosec // the operator's own binary
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("dialwarden %s: %w: %s", strings.Join(args, " "), err, said.Bytes())
	}
	return out, nil
}

// exported is what matters here of a line of `log export --format jsonl`.
type exported struct {
	Dialled   string    `json:"dialled"`
	Action    string    `json:"action"`
	Answered  time.Time `json:"answered_at"`
	Ended     time.Time `json:"ended_at"`
	Seconds   int64     `json:"seconds"`
	EndSource string    `json:"end_source"`
}

// examine compares the ledger with the calls, and verifies it. The daemon has stopped.
func (s *scale) examine(ctx context.Context, config string, calls []placed) (Compared, error) {
	out, err := s.ask(ctx, config, "log", "export", "--format", "jsonl")
	if err != nil {
		return Compared{}, err
	}
	c, err := compareCalls(calls, bytes.NewReader(out))
	if err != nil {
		return c, err
	}
	out, err = s.ask(ctx, config, "log", "verify")
	var refused *exec.ExitError
	if err != nil && (!errors.As(err, &refused) || refused.ExitCode() != 1) {
		return c, err
	}
	c.Verified, c.Verify = err == nil, strings.TrimSpace(string(out))
	return c, nil
}

// compareCalls counts the differences between calls and the lines of an export.
func compareCalls(calls []placed, export io.Reader) (Compared, error) {
	c := Compared{Placed: len(calls)}
	waiting := make(map[string]placed, len(calls))
	for _, p := range calls {
		waiting[p.number] = p
	}
	lines := json.NewDecoder(export)
	for {
		var e exported
		if err := lines.Decode(&e); errors.Is(err, io.EOF) {
			c.Undecided = len(waiting)
			return c, nil
		} else if err != nil {
			return c, fmt.Errorf("the export of the ledger cannot be read: %w", err)
		}
		c.Decisions++
		p, ok := waiting[e.Dialled]
		delete(waiting, e.Dialled)
		switch {
		case !ok:
			c.Repeated++
		case e.Action != "allow":
			c.Refused++
		default:
			c.add(p, e)
		}
	}
}

// add counts what is wrong with a call that was let out.
func (c *Compared) add(p placed, e exported) {
	if e.Ended.IsZero() {
		c.NoEnd++
		return
	}
	if e.EndSource != "ari" {
		c.NotHeard++
	}
	if p.Answered.IsZero() {
		if e.Seconds != 0 {
			c.Wrong++
		}
		return
	}
	if e.Answered.IsZero() {
		c.NoAnswer++
		return
	}
	saw := p.End.At.Sub(p.Answered)
	off := e.Ended.Sub(e.Answered) - saw
	c.MostOff = max(c.MostOff, int(off.Abs().Milliseconds()))
	least, most := (saw - latitude).Seconds(), (saw + latitude).Seconds()
	if s := float64(e.Seconds); s < math.Ceil(least) || s > math.Ceil(most) { // each begun second counts
		c.Wrong++
	}
}
