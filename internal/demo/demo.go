package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/site"
)

// attachTakes is how long the daemon may take to connect to Asterisk.
const attachTakes = 30 * time.Second

// ErrNotAsTold is returned by Run when the calls were made, but not all went as the demo tells. What went wrong is on
// the screen.
var ErrNotAsTold = errors.New("not every call went as told")

// Options say how the demo runs.
type Options struct {
	// Program is the dialwarden executable that is run as the daemon.
	Program string
	// Command is how the user calls it ("bin/dialwarden"), for the commands to be tried at the end.
	Command string
	// Dir is where configuration, policy and ledger are kept; empty for DefaultDir.
	Dir string
	// Stay keeps everything running after the calls until ctx ends.
	Stay bool
	// Out is where everything is printed.
	Out io.Writer
}

// stage is a running demo.
type stage struct {
	ctx    context.Context // it ends when the user wants the demo to end
	o      Options
	screen *screen
	dir    directory
	lab    *lab.Lab
	daemon *daemon
	ledger *watcher
	pin    string // digits; never printed
}

// Run carries out the demo. Errors: ErrNotAsTold; one that wraps lab.ErrNoAsterisk if there is no Asterisk; the cause
// of ctx if it ended before the calls were over; else what could not be done.
func Run(ctx context.Context, o Options) (err error) {
	s := &stage{ctx: ctx, o: o, screen: newScreen(o.Out)}
	if s.o.Dir == "" {
		if s.o.Dir, err = DefaultDir(); err != nil {
			return err
		}
	}
	if s.o.Dir, err = filepath.Abs(s.o.Dir); err != nil {
		return err
	}
	if s.dir, err = openDir(ctx, s.o.Dir); err != nil {
		return err
	}
	defer func() {
		s.screen.wipe()
		fault := errors.Join(s.close(), s.screen.err)
		if ctx.Err() != nil { // a daemon that is stopped while it starts says so; nobody wants to know
			fault = nil
		}
		err = errors.Join(err, fault, s.dir.lock.Close())
	}()
	s.screen.heading("Dialwarden: real phones dial through a real Asterisk, and the policy decides every call.\n")
	if err := s.start(ctx); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return s.tellLogs(err)
	}
	return s.perform(ctx)
}

// perform plays all scenes, and says what came of them.
func (s *stage) perform(ctx context.Context) error {
	ctx, cancel := s.daemon.watch(ctx)
	defer cancel()
	s.screen.columns()
	all := scenes()
	ids, wrong := make([]int64, len(all)), 0
	for i, sc := range all {
		id, err := s.play(ctx, sc)
		switch {
		case s.ctx.Err() != nil:
			return context.Cause(s.ctx)
		case ctx.Err() != nil:
			return s.tellLogs(context.Cause(ctx))
		case err != nil:
			wrong++
		}
		ids[i] = id
	}
	if wrong > 0 {
		return s.tellLogs(fmt.Errorf("%w: %d of %d did not", ErrNotAsTold, wrong, len(all)))
	}
	s.screen.line("\n%s", s.screen.style(bold, fmt.Sprintf("All %d calls went as told, and every decision is in the ledger.", len(all))))
	s.tryNext(ids)
	if s.o.Stay {
		return s.stay(ctx)
	}
	return nil
}

// start starts Asterisk and the daemon, and gives somebody a PIN.
func (s *stage) start(ctx context.Context) error {
	began := time.Now()
	s.screen.now("starting Asterisk")
	var err error
	if s.lab, err = lab.Start(ctx, lab.Options{}); err != nil {
		return err
	}
	s.lab.Carrier.Behave("", lab.Behaviour{Ring: ringing})
	s.screen.ready(s.lab.Version(), fmt.Sprintf("up in %s, from %s", took(began), s.lab.Root()))

	began = time.Now()
	s.screen.now("starting the daemon")
	if err := s.dir.furnish(site.Asterisk{URL: s.lab.ARIURL(), Password: s.lab.ARIPassword()}); err != nil {
		return err
	}
	if s.daemon, err = startDaemon(s.o.Program, s.config(), s.dir.file(daemonLog)); err != nil {
		return err
	}
	ctx, cancel := s.daemon.watch(ctx)
	defer cancel()
	if err := s.attached(ctx); err != nil {
		return err
	}
	s.screen.ready("dialwarden serve", fmt.Sprintf("attached in %s, with the policy in %s", took(began), s.dir.file("policy")))

	if err := s.addPIN(ctx); err != nil {
		return err
	}
	s.screen.ready("dialwarden pin", fmt.Sprintf("added one for %s, extension %s", pinHolder, pinExtension))
	return nil
}

func took(began time.Time) string { return seconds(time.Since(began)) }

// attached waits until the daemon is connected to Asterisk, and opens its ledger.
func (s *stage) attached(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, attachTakes, fmt.Errorf("the daemon was not attached to Asterisk after %v", attachTakes))
	defer cancel()
	if err := s.lab.WaitApplication(ctx, config.Default().Asterisk.Application); err != nil {
		return err
	}
	reader, err := ledger.OpenReader(s.dir.file(ledgerName))
	if err != nil {
		return err
	}
	s.ledger = &watcher{reader: reader}
	return nil
}

// addPIN gives the holder a PIN as an admin would, by the command.
func (s *stage) addPIN(ctx context.Context) error {
	var out, faults bytes.Buffer
	//nolint:gosec // our own program
	cmd := exec.CommandContext(ctx, s.o.Program, "pin", "add", "--config", s.config(), "--holder", pinHolder, "--json")
	cmd.Stdout, cmd.Stderr = &out, &faults
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("dialwarden pin add: %w: %s", err, bytes.TrimSpace(faults.Bytes()))
	}
	var added struct {
		PIN string `json:"pin"`
	}
	if err := json.Unmarshal(out.Bytes(), &added); err != nil || added.PIN == "" {
		return errors.New("dialwarden pin add printed no PIN") // and what it printed is nobody's business
	}
	s.pin = added.PIN
	return nil
}

// close stops what was started, the last first. It may be called again.
func (s *stage) close() error {
	var faults []error
	if s.ledger != nil {
		faults = append(faults, s.ledger.reader.Close())
		s.ledger = nil
	}
	if s.daemon != nil {
		faults = append(faults, s.daemon.stop())
		s.daemon = nil
	}
	if s.lab != nil {
		faults = append(faults, os.WriteFile(s.dir.file(asteriskLog), []byte(s.lab.AsteriskLog()), 0o600), s.lab.Close())
		s.lab = nil
	}
	return errors.Join(faults...)
}

func (s *stage) config() string { return s.dir.file(site.ConfigName) }
