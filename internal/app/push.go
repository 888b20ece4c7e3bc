package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/control"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/policydir"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/policy"
)

// errBuiltIn says why nothing can be written where the shipped policy is in force.
var errBuiltIn = errors.New("the site has no policy directory, and the shipped policy is built in: " +
	`write it out ("dialwarden init" makes a directory policy) and name the directory in policy.dir`)

// Push tries a policy, files by names like rules/local.rego, writes it to the policy directory in place of what is there,
// and puts it in force: all of it or nothing. Errors: a *control.Refusal if the policy has a fault or fails its tests or
// scenarios; a plain one if it could not be written.
func (k *Keeper) Push(ctx context.Context, files map[string][]byte) (call.PolicyChange, error) {
	defer k.alone()()
	return k.replace(ctx, call.ByPush, files, "the directory that was pushed")
}

// Rollback puts an earlier revision of the ledger in force and writes its files to the policy directory. Empty means the
// revision that was in force before the present one; to roll back once more goes further back. What its tests and
// scenarios say does not keep it back: it has been in force, and who goes back is in a hurry. They are run afterwards; what
// fails is told in the answer's Warning and in the log. Errors are those of Push, and ledger.ErrNotFound.
func (k *Keeper) Rollback(ctx context.Context, revision string) (call.PolicyChange, error) {
	defer k.alone()()
	r := k.ledger.Reader()
	var err error
	if revision == "" {
		revision, err = r.RevisionBefore(ctx)
	} else {
		revision, err = r.FindRevision(ctx, revision)
	}
	if errors.Is(err, ledger.ErrNotFound) {
		return call.PolicyChange{}, fmt.Errorf("there is nothing to roll back to: %w", err)
	}
	var files map[string][]byte
	if err == nil {
		files, err = r.Revision(ctx, revision)
	}
	if err != nil {
		return call.PolicyChange{}, err
	}
	return k.replace(ctx, call.ByRollback, files, "revision "+revision)
}

// replace tries a policy, which where names to people, and puts it in the place of the one in the policy directory.
func (k *Keeper) replace(ctx context.Context, by call.Trigger, files map[string][]byte, where string) (call.PolicyChange, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeTimeout)
	defer cancel()
	if k.cfg.Policy.Dir == "" {
		return call.PolicyChange{}, errBuiltIn
	}
	if err := k.recover(); err != nil {
		return call.PolicyChange{}, err
	}
	e, err := k.try(files, where)
	var warning error
	if err == nil && by != call.ByRollback {
		warning, err = k.test(ctx, e, where)
	}
	if err == nil {
		err = allMeant(files, e.Policy.Files())
	}
	if err != nil {
		return call.PolicyChange{}, k.refuse(ctx, by, files, err)
	}
	before, err := k.onDisk()
	if err != nil {
		return call.PolicyChange{}, err
	}
	out := call.PolicyChange{Revision: e.Policy.Revision(), Before: k.revision()}
	out.Changed = out.Before != out.Revision
	if out.Replaced, err = k.keepReplaced(ctx, by, before, out.Revision); err != nil {
		return call.PolicyChange{}, err
	}
	after := e.Policy.Files()
	withoutShippedPlans(after, before, files)
	if err := policydir.Replace(k.cfg.Policy.Dir, before, after); err != nil {
		return call.PolicyChange{}, err
	}
	if err := k.enforce(ctx, by, e); err != nil {
		return call.PolicyChange{}, errors.Join(err, policydir.Replace(k.cfg.Policy.Dir, after, before))
	}
	if by == call.ByRollback {
		minor, fault := k.test(ctx, e, where)
		warning = errors.Join(fault, minor)
	}
	out.Warning = k.warn(by, out.Revision, warning)
	return out, nil
}

// allMeant refuses files that are no part of the policy: whoever sent them thinks that they count.
func allMeant(sent, used map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		if _, ok := used[name]; !ok {
			return fmt.Errorf("%q is no file of a policy: those are rules/*.rego, data/*.yaml, plans/*.yaml, schema/*.json, "+
				"scenarios.yaml and scenarios/*.yaml", name)
		}
	}
	return nil
}

// onDisk reads the files that lie in the policy directory now, faulty or not.
func (k *Keeper) onDisk() (map[string][]byte, error) {
	files, err := rules.ReadFiles(os.DirFS(k.cfg.Policy.Dir))
	if err != nil {
		return nil, fmt.Errorf("what is in %s now must be read before it is replaced, and cannot be:\n%w", k.cfg.Policy.Dir, err)
	}
	return files, nil
}

// keepReplaced keeps what lies in the policy directory, in case it was never in force: somebody has worked on it. It
// returns its revision, or nothing where the ledger had it already.
func (k *Keeper) keepReplaced(ctx context.Context, by call.Trigger, before map[string][]byte, next string) (string, error) {
	files, err := rules.ReadFiles(orShippedPlans(rules.FS(before)))
	if err != nil {
		return "", err
	}
	revision := rules.RevisionOf(files)
	r := k.ledger.Reader()
	_, err = r.Revision(ctx, revision)
	if err == nil || revision == next || !errors.Is(err, ledger.ErrNotFound) {
		return "", unlessNotFound(err)
	}
	why := fmt.Sprintf("it was in the policy directory, but not in force, when %s put %s there", by, next)
	return revision, k.ledger.PolicyRefused(ctx, call.ByFile, revision, why, files)
}

func unlessNotFound(err error) error {
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	return err
}

// withoutShippedPlans leaves out of what is written the number plans that come with Dialwarden, where the directory does
// without them and always has them from the program: they are not to be frozen in it.
func withoutShippedPlans(after, before, sent map[string][]byte) {
	plans := func(files map[string][]byte) map[string][]byte {
		found := map[string][]byte{}
		for name, data := range files {
			if strings.HasPrefix(name, plansFolder+"/") {
				found[name] = data
			}
		}
		return found
	}
	shipped, err := rules.ReadFiles(policy.FS)
	if err != nil || len(plans(before)) > 0 && len(plans(sent)) > 0 || !maps.EqualFunc(plans(after), plans(shipped), bytes.Equal) {
		return
	}
	for name := range plans(after) {
		delete(after, name)
	}
}

var _ control.Policies = (*Keeper)(nil)
