package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// ScaleOptions say how many calls go on at once. Use DefaultScale, and change it.
type ScaleOptions struct {
	Subject
	Calls int           // in progress at once
	Rate  int           // calls a second
	For   time.Duration // how long calls are placed, each way
	Slow  time.Duration // a call that is answered later than this counts as slow
}

// DefaultScale returns the options of the aim: 1,000 calls in progress, 50 more every second, for ten minutes.
func DefaultScale() ScaleOptions {
	return ScaleOptions{Calls: 1000, Rate: 50, For: 10 * time.Minute, Slow: time.Second}
}

// What a load must keep to.
const (
	longestHold  = 2 * time.Minute // the shipped policy warns callers after two and a half minutes
	tolerated    = 100             // one call of so many may fail or be slow
	scaleDrain   = 30 * time.Second
	scaleNumbers = 10_000_000 // that can be told apart
)

// hold is how long a call lasts.
func (o ScaleOptions) hold() time.Duration {
	return time.Duration(o.Calls) * time.Second / time.Duration(o.Rate)
}

// check finds options that cannot be meant.
func (o ScaleOptions) check() error {
	if err := o.Subject.check(); err != nil {
		return err
	}
	switch {
	case o.Calls < 1 || o.Rate < 1:
		return fmt.Errorf("%d calls in progress, %d a second: both must be at least 1", o.Calls, o.Rate)
	case o.hold() > longestHold:
		return fmt.Errorf("%d calls in progress at %d a second: each would last %v, and %v is the longest: more a second are wanted", o.Calls, o.Rate, o.hold(), longestHold)
	case o.For <= o.hold():
		return fmt.Errorf("calls are placed for %v, and each lasts %v: it must be longer", o.For, o.hold())
	case o.Slow <= 0:
		return fmt.Errorf("a call is slow after %v: it must be more than nothing", o.Slow)
	case float64(o.Rate)*o.For.Seconds() >= scaleNumbers:
		return fmt.Errorf("%d calls a second for %v are more than %d", o.Rate, o.For, scaleNumbers)
	}
	return nil
}

// scalePlain is what a phone dials to be connected without us: a word, and the number.
const scalePlain = "plain"

// scaleDialplan dials the carrier at once, as a dialplan without Dialwarden does.
const scaleDialplan = `
[phones](+)
exten => _plai[n]X!,1,Dial(PJSIP/${EXTEN:6}@carrier)
 same => n,Hangup(${HANGUPCAUSE})
`

// scale is a run.
type scale struct {
	ScaleOptions
	lab    *lab.Lab
	dir    string
	phones []string
}

// RunScale measures a load on Asterisk alone and the same through Dialwarden, one after the other. What Asterisk alone does
// not carry is halved until it does. The error says what could not be done; a load that is carried badly is none.
func RunScale(ctx context.Context, o ScaleOptions) (_ *Scale, err error) {
	s := &scale{ScaleOptions: o}
	if err := o.check(); err != nil {
		return nil, err
	}
	var leave func() error
	if s.dir, leave, err = s.settle("dialwarden-scale-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, leave()) }()
	for i := range o.Calls {
		s.phones = append(s.phones, fmt.Sprint(2000+i))
	}
	s.say("starting Asterisk with %d phones, once there are as many ports as that needs", len(s.phones))
	s.lab, err = lab.Start(ctx, lab.Options{Extensions: s.phones, Calls: o.Calls + o.Calls/4, ExtraDialplan: scaleDialplan, Quiet: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.lab.Close()) }()
	s.lab.Carrier.Behave("", lab.Behaviour{Mute: true})
	r := &Scale{AskedCalls: o.Calls, AskedRate: o.Rate, For: o.For.Seconds(), SlowAfter: o.Slow.Milliseconds()}
	if r.Machine, err = look(ctx, s.lab, s.dir); err != nil {
		return nil, err
	}
	if r.Plain, err = s.carried(ctx); err != nil {
		return nil, err
	}
	r.Calls, r.Rate = s.Calls, s.Rate
	return r, s.throughUs(ctx, r)
}

// carried measures Asterisk alone, with less and less until it carries it.
func (s *scale) carried(ctx context.Context) (Side, error) {
	for {
		s.say("Asterisk alone: %d calls in progress, %d a second, for %v", s.Calls, s.Rate, s.For)
		m, err := s.measure(ctx, nil, func(i int) string { return scalePlain + numberOf(i) })
		if err != nil {
			return Side{}, err
		}
		if !m.givenUp {
			return m.side(s.ScaleOptions), nil
		}
		s.say("  Asterisk alone does not carry it: of %d calls %s; half of it is tried", len(m.calls), m.faults(s.Slow))
		if s.Rate/2 < 1 || s.Calls/2 < 1 {
			return Side{}, errors.New("this Asterisk carries no load at all, even without Dialwarden")
		}
		s.Rate, s.Calls = s.Rate/2, s.Calls/2
		if s.For <= s.hold() {
			return Side{}, fmt.Errorf("calls are placed for %v, and each lasts %v at half the load: it must be longer", s.For, s.hold())
		}
	}
}

// numberOf is a local number with the outside-line digit, another one for each call.
func numberOf(i int) string { return fmt.Sprintf("96%07d", i) }

// throughUs measures the daemon with the load that Asterisk alone has carried, and then compares its ledger with what the
// phones saw.
func (s *scale) throughUs(ctx context.Context, r *Scale) (err error) {
	site := filepath.Join(s.dir, "site")
	config, err := makeSite(ctx, s.Program, site, s.lab)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(site, "policy", "data", "directory.yaml"), []byte(directory(s.phones)), 0o600); err != nil {
		return err
	}
	d, err := serve(ctx, s.Program, config, filepath.Join(site, "daemon.log"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	s.say("through Dialwarden: the same")
	m, err := s.measure(ctx, d, numberOf)
	if err != nil {
		return err
	}
	r.Gate = m.side(s.ScaleOptions)
	r.compare()
	r.Memory = memoryOf(m.samples, m.begun, s.hold(), s.For)
	s.say("comparing the ledger with what the phones saw")
	if err := s.settled(ctx, config); err != nil {
		return err
	}
	if err := d.stop(); err != nil {
		return fmt.Errorf("the daemon ended badly: %w", err)
	}
	r.Ledger, err = s.examine(ctx, config, m.calls)
	return err
}

// directory is policy/data/directory.yaml with these phones.
func directory(phones []string) string {
	var b strings.Builder
	b.WriteString("extensions:\n")
	for i, p := range phones {
		fmt.Fprintf(&b, "  %q: {holder: \"Person %s\", department: \"department %d\", grade: staff, class_of_service: office}\n", p, p, i/20)
	}
	return b.String()
}
