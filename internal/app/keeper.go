package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/control"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/policydir"
	"github.com/dialwarden/dialwarden/internal/rules"
)

// changeTimeout is how long trying a policy and putting it in force may take, its tests included.
const changeTimeout = 2 * time.Minute

// Keeper keeps the policy in force, and exchanges it: a new one is compiled, checked and tested beside the calls, with
// its Rego tests and its scenarios, and swapped in whole, or not at all. It satisfies control.Policies. Its methods may be
// called from any goroutine; changes go one after another.
type Keeper struct {
	cfg    config.Config
	log    zerolog.Logger
	ledger *ledger.Ledger

	edition atomic.Pointer[Edition] // nil before the first is in force
	fault   atomic.Pointer[refusal] // nil while what lies in the policy directory is in force
	one     sync.Mutex              // held while a policy is tried and exchanged

	collector collector
}

// refusal is a policy that was not put in force, and why.
type refusal struct{ revision, why string }

// NewKeeper returns a keeper with no policy in force, for a ledger that is open for writing. Without a daemon its Push and
// Rollback change the policy directory and the ledger's history for the next start.
func NewKeeper(cfg config.Config, l *ledger.Ledger, log zerolog.Logger) *Keeper {
	return &Keeper{cfg: cfg, ledger: l, log: log}
}

// Edition returns what is in force; nil if nothing is. A caller keeps it for a whole call.
func (k *Keeper) Edition() *Edition { return k.edition.Load() }

// Fault says why what lies in the policy directory is not in force; empty if it is.
func (k *Keeper) Fault() string {
	if f := k.fault.Load(); f != nil {
		return f.why
	}
	return ""
}

// revision is what is in force; empty if nothing is.
func (k *Keeper) revision() string {
	if e := k.edition.Load(); e != nil {
		return e.Policy.Revision()
	}
	return ""
}

// Start puts the policy directory in force when the daemon starts. Its tests are not run: a daemon that does not start
// helps nobody. Errors are those of LoadEdition, and of the ledger.
func (k *Keeper) Start(ctx context.Context) error {
	defer k.alone()()
	if err := k.recover(); err != nil {
		return err
	}
	e, err := LoadEdition(k.cfg)
	if err != nil {
		return err
	}
	return k.enforce(ctx, call.ByStart, e)
}

// alone waits until no other policy is being tried, and returns what ends that state. Meanwhile the collector is strict:
// what is read of a large directory is large, and of no use afterwards.
func (k *Keeper) alone() (done func()) {
	k.one.Lock()
	k.collector.tighten()
	return func() {
		k.collector.relax()
		k.one.Unlock()
	}
}

// recover completes a push that a crash interrupted.
func (k *Keeper) recover() error {
	if k.cfg.Policy.Dir == "" {
		return nil
	}
	return policydir.Recover(k.cfg.Policy.Dir)
}

// Reload reads the policy directory again. Only a policy without a fault, whose tests and scenarios pass, comes into
// force; else the old one stays, and the error, a *control.Refusal, says what is wrong. Calls that are being decided keep
// the policy they began with.
func (k *Keeper) Reload(ctx context.Context, by call.Trigger) (call.PolicyChange, error) {
	defer k.alone()()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeTimeout)
	defer cancel()
	err := k.recover()
	var files map[string][]byte
	if err == nil {
		files, err = rules.ReadFiles(PolicyFiles(k.cfg))
	}
	if err != nil {
		return call.PolicyChange{}, k.refuse(ctx, by, nil, fmt.Errorf("the policy in %s is not usable:\n%w", k.where(), err))
	}
	now := rules.RevisionOf(files)
	if now == k.revision() {
		return k.unchanged(ctx, by), nil
	}
	if f := k.fault.Load(); by == call.ByFile && f != nil && f.revision == now {
		return call.PolicyChange{}, &control.Refusal{Message: f.why} // it has been told
	}
	e, err := k.try(files, k.where())
	var warning error
	if err == nil {
		warning, err = k.test(ctx, e, k.where())
	}
	out := call.PolicyChange{Revision: now, Before: k.revision(), Changed: true}
	if err == nil {
		err = k.enforce(ctx, by, e)
	}
	if err != nil {
		return call.PolicyChange{}, k.refuse(ctx, by, files, err)
	}
	out.Warning = k.warn(by, now, warning)
	return out, nil
}

// unchanged answers a reload of the policy that is in force. What may have changed are the scenarios beside the policy
// directory: somebody who asks for a reload is told whether they still hold.
func (k *Keeper) unchanged(ctx context.Context, by call.Trigger) call.PolicyChange {
	e := k.edition.Load()
	out := call.PolicyChange{Revision: e.Policy.Revision(), Before: e.Policy.Revision()}
	if k.fault.Swap(nil) == nil && by == call.ByFile {
		return out
	}
	k.log.Info().Str("revision", out.Revision).Str("by", string(by)).Msg("the policy is the one in force already")
	beside, err := besidePolicy(k.cfg)
	if err == nil {
		err = k.place(ctx, e, beside, k.where())
	}
	out.Warning = k.warn(by, out.Revision, err)
	return out
}

// warn tells the log what is not as it should be in the policy that is in force, and returns it; nil is nothing.
func (k *Keeper) warn(by call.Trigger, revision string, why error) string {
	if why == nil {
		return ""
	}
	k.log.Warn().Err(why).Str("revision", revision).Str("by", string(by)).
		Msg("the policy is in force, although not all of its tests and scenarios pass")
	return why.Error()
}

// where names the policy directory to people.
func (k *Keeper) where() string {
	if k.cfg.Policy.Dir == "" {
		return "the shipped policy"
	}
	return k.cfg.Policy.Dir
}

// enforce keeps the edition's content in the ledger and puts it in force.
func (k *Keeper) enforce(ctx context.Context, by call.Trigger, e *Edition) error {
	if err := k.ledger.PolicyInForce(ctx, by, e.Policy.Revision(), e.Policy.Files()); err != nil {
		return fmt.Errorf("the policy revision cannot be kept in the ledger: %w", err)
	}
	k.edition.Store(e)
	k.fault.Store(nil)
	k.log.Info().Str("revision", e.Policy.Revision()).Str("by", string(by)).Msg("policy in force")
	return nil
}

// refuse tells the log, the ledger's history and the asker what is wrong with a policy; the old one stays in force.
func (k *Keeper) refuse(ctx context.Context, by call.Trigger, files map[string][]byte, why error) error {
	f := &refusal{why: why.Error()}
	if files != nil {
		f.revision = rules.RevisionOf(files)
	}
	if by != call.ByPush && by != call.ByRollback { // those leave the policy directory as it was
		before := k.fault.Swap(f)
		if by == call.ByFile && before != nil && *before == *f {
			return &control.Refusal{Message: f.why} // it has been told
		}
	}
	k.log.Error().Err(why).Str("revision", f.revision).Str("by", string(by)).Str("in_force", k.revision()).
		Msg("the new policy is not used; the old one stays in force")
	if err := k.ledger.PolicyRefused(ctx, by, f.revision, f.why, nil); err != nil && !errors.Is(err, ledger.ErrClosed) {
		k.log.Error().Err(err).Msg("the history does not have the refused policy")
	}
	return &control.Refusal{Message: f.why}
}

// Watch reloads whenever a file of the policy directory has changed, until ctx ends.
func (k *Keeper) Watch(ctx context.Context) {
	if k.cfg.Policy.Dir == "" {
		return
	}
	policydir.Watch(ctx, k.cfg.Policy.Dir, func() {
		_, _ = k.Reload(ctx, call.ByFile) // it has logged what is wrong
	}, func(err error) {
		k.log.Warn().Err(err).Msg("changes of the policy directory are not reported by the system; they are looked for every second")
	})
}
