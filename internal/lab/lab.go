package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// ARIUser is the REST interface user of dialplan/ari_dialwarden.conf.
const ARIUser = "dialwarden"

// Options say what a lab is like. The zero value is a good lab.
type Options struct {
	// Root is the file tree with Asterisk; empty for what Root finds.
	Root string
	// Globals are set in [globals] over the lab's own (trunk "carrier", emergency numbers, outside line 9).
	// An empty value leaves the variable out.
	Globals map[string]string
	// Extensions are the phones; empty for 101 to 110.
	Extensions []string
	// Languages are those of phones, by extension ("zh"); the others have Asterisk's default, "en".
	Languages map[string]string
	// NoPrompts leaves out Dialwarden's prompts, as at a site that has not copied them.
	NoPrompts bool
	// ExtraDialplan is appended to extensions.conf. Phones come in at [phones]; "[phones](+)" adds to it.
	ExtraDialplan string
	// Modules are loaded besides those of modules.txt ("app_confbridge").
	Modules []string
	// Calls is how many there may be at once, with a phone and the carrier each; zero for 230.
	Calls int
	// Quiet keeps the steps of the dialplan out of Asterisk's log, as on a busy PBX.
	Quiet bool
	// Log gets what Asterisk writes to its standard output and error; nil for nowhere.
	Log io.Writer
}

// Lab is a running Asterisk with its phones and its carrier.
type Lab struct {
	// Carrier takes the calls that Asterisk sends to its trunk.
	Carrier *Station

	version  string // Asterisk 22.10.1
	root     string // the file tree that Asterisk runs in
	program  string // inside root
	dir      string // the lab's directory, seen from outside root
	inside   string // the same, seen from inside root
	password string
	slot     slot
	log      io.Writer

	phones *Station

	mu      sync.Mutex
	running *asterisk
	closers []func() error // last in, first out
}

// Start makes a lab and returns when its Asterisk takes calls and answers over ARI, usually within two seconds. An
// error holds the end of Asterisk's log. The caller must Close the lab.
func Start(ctx context.Context, o Options) (*Lab, error) {
	l := &Lab{root: o.Root, log: o.Log, password: rand.Text()}
	if l.log == nil {
		l.log = io.Discard
	}
	err := l.start(ctx, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the lab: %w", err), l.Close())
	}
	return l, nil
}

func (l *Lab) start(ctx context.Context, o Options) error {
	var err error
	if l.root == "" {
		if l.root, err = Root(); err != nil {
			return err
		}
	}
	if l.program, err = program(l.root); err != nil {
		return fmt.Errorf("%w in %s: %w", ErrNoAsterisk, l.root, err)
	}
	if l.root != "/" && os.Geteuid() != 0 {
		return fmt.Errorf("only root may start the Asterisk in %s (it runs in a chroot): be root, "+
			"or set ASTERISK_ROOT=/ to use an installed Asterisk %d or newer", l.root, oldest)
	}
	if l.version, err = l.askVersion(ctx); err != nil {
		return err
	}
	if err := l.makeDir(); err != nil {
		return err
	}
	if l.slot, err = takeSlot(ctx, o.Calls); err != nil {
		return err
	}
	l.onClose(l.slot.close)
	sip := loopback(l.slot.sip())
	if l.phones, err = newStation(sip); err != nil {
		return err
	}
	l.onClose(l.phones.close)
	if l.Carrier, err = newStation(sip); err != nil {
		return err
	}
	l.onClose(l.Carrier.close)
	if err := l.configure(o); err != nil {
		return err
	}
	l.onClose(l.end)
	return l.boot(ctx)
}

// configure writes Asterisk's configuration files.
func (l *Lab) configure(o Options) error {
	dir, err := moduleDir(l.root)
	if err != nil {
		return err
	}
	c := configuration{
		inside: l.inside, slot: l.slot, password: l.password,
		phonesPort: l.phones.port, carrierPort: l.Carrier.port,
		globals: o.Globals, extensions: o.Extensions, languages: o.Languages, extraDial: o.ExtraDialplan,
		quiet: o.Quiet,
	}
	if len(c.extensions) == 0 {
		for n := 101; n <= 110; n++ {
			c.extensions = append(c.extensions, fmt.Sprint(n))
		}
	}
	if c.modules, err = modules(dir, o.Modules); err != nil {
		return err
	}
	for _, sub := range []string{"etc", "db", "spool", "run", "log/cdr-custom", "log/cdr-csv", "cache"} {
		if err := os.MkdirAll(filepath.Join(l.dir, sub), 0o700); err != nil {
			return err
		}
	}
	data, err := dataDir(l.root)
	if err != nil {
		return err
	}
	if err := l.layData(data, !o.NoPrompts); err != nil {
		return fmt.Errorf("laying out Asterisk's data directory: %w", err)
	}
	return c.write(filepath.Join(l.dir, "etc"))
}

// end ends Asterisk for good; there is nothing that it should save.
func (l *Lab) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	return l.Kill(ctx)
}

func (l *Lab) onClose(f func() error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closers = append(l.closers, f)
}

// Close cuts all calls, ends Asterisk and removes the lab's directory. It may be called again.
func (l *Lab) Close() error {
	l.mu.Lock()
	closers := l.closers
	l.closers = nil
	l.mu.Unlock()
	var faults []error
	for _, end := range slices.Backward(closers) {
		if err := end(); err != nil && !errors.Is(err, net.ErrClosed) {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func (l *Lab) process() *asterisk {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.running
}

func (l *Lab) setProcess(a *asterisk) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = a
}

// ARIURL is the address of the REST interface: http://127.0.0.1:PORT/ari
func (l *Lab) ARIURL() string { return "http://" + l.ARIAddress() + "/ari" }

// ARIAddress is the host:port of Asterisk's HTTP server.
func (l *Lab) ARIAddress() string { return loopback(l.slot.http()) }

// ARIPassword is the password of ARIUser.
func (l *Lab) ARIPassword() string { return l.password }

// SIPAddress is the host:port that Asterisk takes SIP on (UDP).
func (l *Lab) SIPAddress() string { return loopback(l.slot.sip()) }

// PID is the process of Asterisk; 0 if it was never started.
func (l *Lab) PID() int {
	if a := l.process(); a != nil {
		return a.cmd.Process.Pid
	}
	return 0
}

// Version is what Asterisk calls itself: "Asterisk 22.10.1".
func (l *Lab) Version() string { return l.version }

// Root is the file tree that Asterisk runs in; "/" for the installed one.
func (l *Lab) Root() string { return l.root }

// Dir is the lab's directory: etc, log, run, spool and db of its Asterisk. Close removes it.
func (l *Lab) Dir() string { return l.dir }

// AsteriskLog returns what Asterisk has logged so far: notices, warnings, errors and verbose messages.
func (l *Lab) AsteriskLog() string {
	text, err := os.ReadFile(filepath.Join(l.dir, "log", "full"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// WaitLog waits until Asterisk's log holds text.
func (l *Lab) WaitLog(ctx context.Context, text string) error {
	err := poll(ctx, 20*time.Millisecond, func() (bool, error) {
		return strings.Contains(l.AsteriskLog(), text), nil
	})
	if err != nil {
		return fmt.Errorf("waiting for %q in Asterisk's log: %w", text, err)
	}
	return nil
}
