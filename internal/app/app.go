// Package app builds the daemon from its rooms, runs it, reloads its policy and stops it.
package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/agi"
	"github.com/dialwarden/dialwarden/internal/alert"
	"github.com/dialwarden/dialwarden/internal/approval"
	"github.com/dialwarden/dialwarden/internal/ari"
	"github.com/dialwarden/dialwarden/internal/bypass"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/cdr"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/control"
	"github.com/dialwarden/dialwarden/internal/gate"
	"github.com/dialwarden/dialwarden/internal/guard"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/lockout"
	"github.com/dialwarden/dialwarden/internal/sanction"
	"github.com/dialwarden/dialwarden/internal/speech"
	"github.com/dialwarden/dialwarden/internal/usage"
	"github.com/dialwarden/dialwarden/internal/watch"
	"github.com/dialwarden/dialwarden/internal/web"
)

// stopTimeout is how long calls in the middle of a decision may take to end when the daemon stops.
const stopTimeout = 10 * time.Second

// App is the daemon. Use Open, then Run, which closes it.
type App struct {
	// Approvals asks those who may approve a call whether they do. Open makes it before the gate.
	Approvals *approval.Room

	cfg       config.Config
	log       zerolog.Logger
	ledger    *ledger.Ledger
	policy    *Keeper
	gate      *gate.Gate
	lockout   *lockout.Lockout
	alerts    *alert.Room
	sanctions *sanction.Register
	watch     *watch.Watch
	bypass    *bypass.Guard
	guard     *guard.Guard
	spending  *usage.Spending
	ari       *ari.Client
	agi       *agi.Server // nil: not served
	control   *control.Server

	checkpointError atomic.Pointer[string] // why the last checkpoint was not written; nil before the first
	ledgerNotices   chan error             // nil: it can be written again

	heard  time.Time      // when Asterisk was last listened to; the adapter's goroutine's
	missed chan time.Time // since when it was not listened to
	ends   *cdr.Ends
	// complained that call detail records cannot be read.
	complained atomic.Bool

	closers []func() error // what was made, first to last; closed last to first
}

// Open builds the daemon: everything that can be wrong with the configuration, the policy, the key or the ledger is an
// error here. Asterisk need not be there.
func Open(ctx context.Context, cfg config.Config, log zerolog.Logger) (_ *App, err error) {
	a := &App{
		cfg: cfg, log: log, ends: cdr.NewEnds(cfg.Asterisk.CDRFile, longestCall),
		ledgerNotices: make(chan error, 64), missed: make(chan time.Time, 1),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	for _, open := range []func(context.Context) error{
		a.openRecords, a.openSpending, a.openPolicy, a.openWatch, a.openLockout, a.openApprovals, a.openGuard, a.openGate,
		a.openBypass, a.openAsterisk, a.openAGI, a.openControl,
	} {
		if err := open(ctx); err != nil {
			return nil, err
		}
	}
	a.serveWeb()
	return a, nil
}

func (a *App) openPolicy(ctx context.Context) (err error) {
	if a.heard, err = a.ledger.LastWritten(ctx); err != nil {
		return err
	}
	a.policy = NewKeeper(a.cfg, a.ledger, a.log)
	return a.policy.Start(ctx)
}

func (a *App) openWatch(ctx context.Context) (err error) {
	a.watch, err = watch.New(ctx, past{a.ledger, a.policy.Edition().Book}, a.log)
	return err
}

func (a *App) openGate(ctx context.Context) (err error) {
	a.gate, err = gate.New(ctx, gate.Config{
		Book:   func() *gate.Book { return a.policy.Edition().Book },
		Ledger: conversations{a.ledger}, Tracker: a.watch, Spending: a.spending, Lockout: a.lockout,
		Approvals: approvers{a.Approvals, a}, Seats: a.guard, Sanctions: a.sanctions,
		Dialogue: call.DefaultDialogue(), Log: a.log, Raise: a.raise,
	})
	return err
}

// openAsterisk makes the adapter for ARI, and gives it to those who act on calls.
func (a *App) openAsterisk(context.Context) error {
	password, err := a.cfg.Asterisk.Password()
	if err != nil {
		return err
	}
	a.ari, err = ari.New(ari.Config{
		URL: a.cfg.Asterisk.URL, Username: a.cfg.Asterisk.Username, Password: password,
		Application: a.cfg.Asterisk.Application, Sounds: speech.Files(), InPlaceOf: speech.InPlaceOf, Log: a.log,
		Connected: a.listening,
	}, a.switchboard())
	if err != nil {
		return err
	}
	a.watch.Past, a.watch.Lines, a.watch.Alert, a.watch.Connected = a.past, a.ari, a.raise, a.ari.Connected
	return nil
}

func (a *App) openAGI(context.Context) error {
	secret, err := a.cfg.AGI.Secret()
	if err == nil && a.cfg.AGI.Listen != "" {
		a.agi = agi.New(agi.Config{
			Listen: a.cfg.AGI.Listen, Secret: secret, Plays: a.ari.Plays, Log: a.log,
		}, agiSwitchboard{a.switchboard()})
	}
	return err
}

func (a *App) switchboard() switchboard {
	return switchboard{gate: a.gate, watch: a.watch, bypass: a.bypass, guard: a.guard, swept: a.swept}
}

func (a *App) openControl(context.Context) (err error) {
	people := pins{a.ledger, a.gate}
	a.control, err = control.Listen(a.cfg.Control.Socket, control.Verbs{
		PINs: people, Tokens: a.ledger, Locks: a.lockout, Log: people, Policies: a.policy, Approvals: a.Approvals,
		Calls: a.watch, Sanctions: a.ledger, Lines: a,
	}, a.log)
	if err == nil {
		a.closers = append(a.closers, a.control.Close)
	}
	return err
}

// raise tells people of something.
func (a *App) raise(x call.Alert) { a.alerts.Raise(x) }

// serveWeb answers on web.listen. The daemon goes on without where it cannot: calls matter more.
func (a *App) serveWeb() {
	if a.cfg.Web.Listen == "" {
		return
	}
	w, err := web.Listen(a.cfg.Web.Listen, web.Content{Health: a.health, Approvals: a.Approvals, KeyFile: a.cfg.Web.KeyFile}, a.log)
	if err != nil {
		a.log.Warn().Err(err).Msg("web.listen: nobody can ask for /healthz and the API; calls are decided all the same")
		return
	}
	a.closers = append(a.closers, w.Close)
}

// health is what /healthz answers.
func (a *App) health(ctx context.Context) web.Health {
	h := web.Health{
		AsteriskConnected: a.ari.Connected(), PolicyRevision: a.policy.revision(), PolicyError: a.policy.Fault(),
		LedgerWritable: true, AGI: web.AGIOff,
	}
	if a.agi != nil {
		if h.AGI, h.AGIError = web.AGIServed, a.agi.Fault(); h.AGIError != "" {
			h.AGI = web.AGIFailed
		}
	}
	if err := a.ledger.Probe(ctx); err != nil {
		h.LedgerWritable, h.LedgerError = false, err.Error()
	}
	if text := a.checkpointError.Load(); text != nil {
		h.CheckpointError = *text
	}
	return h
}

// openRecords opens the ledger, with what follows from what is in it.
func (a *App) openRecords(ctx context.Context) error {
	if err := a.openLedger(); err != nil {
		return err
	}
	if err := a.openAlerts(ctx); err != nil {
		return err
	}
	return a.openSanctions(ctx)
}

func (a *App) openLedger() error {
	if _, err := os.Stat(filepath.Dir(a.cfg.Ledger.Path)); err != nil {
		return fmt.Errorf("ledger.path: there is no directory for %s: %w", a.cfg.Ledger.Path, err)
	}
	var err error
	options := []ledger.Option{
		ledger.WithNotice(a.noticeLedger), ledger.WithMigration(a.migrating), ledger.WithChanges(a.spent), ledger.WithSanctions(a.sanctioned),
	}
	if a.ledger, err = OpenLedger(a.cfg, a.checkpointed, options...); err != nil {
		return err
	}
	a.closers = append(a.closers, a.ledger.Close)
	return nil
}

// OpenLedger opens the ledger of a configuration for writing; report is told how its checkpoints fare. Errors name the
// field of the configuration, and are those of ledger.Open.
func OpenLedger(cfg config.Config, report func(error), options ...ledger.Option) (*ledger.Ledger, error) {
	key, err := ledger.LoadOrCreateKey(cfg.Ledger.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("ledger.key_file: %w", err)
	}
	options = append(options, ledger.WithCheckpoints(cfg.Ledger.CheckpointFile, report),
		ledger.WithAllowanceAlerts(func(x call.AccountChange, percent int) call.Alert { return reached(x, percent, cfg.Site.Currency) }))
	l, err := ledger.Open(cfg.Ledger.Path, key, options...)
	if err != nil {
		return nil, fmt.Errorf("the ledger %s cannot be opened: %w", cfg.Ledger.Path, err)
	}
	return l, nil
}

// migrating tells the log that the ledger of an earlier version is brought up to date.
func (a *App) migrating(m ledger.Migration) {
	entry := a.log.Warn().Int("from", m.From).Int("to", m.To)
	if m.Done {
		entry.Dur("took_ms", m.Took).Msg("the ledger is up to date")
		return
	}
	entry.Msg("the ledger is brought up to the schema of this version; that takes a while where there is much in it, and no call is decided before it is done")
}

// checkpointed notes how a checkpoint of the ledger fared, and tells the log when that changes.
func (a *App) checkpointed(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	before := a.checkpointError.Swap(&text)
	switch {
	case err != nil && (before == nil || *before != text):
		a.log.Error().Err(err).Msg("the ledger goes on without checkpoints: a cut at its end could go unnoticed")
	case err == nil && before != nil && *before != "":
		a.log.Info().Msg("checkpoints of the ledger are written again")
	}
}

// Run decides calls until ctx ends. Then callers who are being asked are told to try later, calls being decided are
// decided, calls in progress go on, and everything is closed.
func (a *App) Run(ctx context.Context) error {
	connection, disconnect := context.WithCancel(context.WithoutCancel(ctx))
	following, unfollow := context.WithCancel(context.WithoutCancel(ctx))
	telling, stopTelling := context.WithCancel(context.WithoutCancel(ctx))
	var events, ends, files, alerts sync.WaitGroup
	alerts.Go(func() { a.alerts.Run(telling) })
	files.Go(func() { a.policy.Watch(ctx) })
	files.Go(func() { a.followLedger(ctx) })
	files.Go(func() { a.retain(ctx) })
	files.Go(func() { a.watchClock(ctx) })
	files.Go(func() { a.policy.collector.run(ctx) })
	files.Go(func() { a.catchUp(ctx) })
	if a.agi != nil {
		events.Go(func() { a.agi.Run(connection) })
	}
	events.Go(func() { a.ari.Run(connection) })
	ends.Go(func() { a.watch.Run(following) })

	<-ctx.Done()
	a.log.Info().Msg("stopping: calls in progress go on, emergency calls go out, all others are refused")
	files.Wait()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err := errors.Join(a.gate.Stop(stopping), a.Approvals.Stop(stopping), a.guard.Stop(stopping)) // phones are hung up while the connection is there
	disconnect()
	events.Wait()
	err = errors.Join(err, a.gate.Stop(stopping)) // for calls that came while the connection was still there
	unfollow()
	ends.Wait()
	stopTelling()
	alerts.Wait()
	return errors.Join(err, a.close())
}

// close closes what was made, the last first.
func (a *App) close() error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i]())
	}
	a.closers = nil
	return errors.Join(errs...)
}

// Reload reads the policy directory again, because of SIGHUP: see Keeper.Reload.
func (a *App) Reload(ctx context.Context) error {
	_, err := a.policy.Reload(ctx, call.BySignal)
	return err
}
