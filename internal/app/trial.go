package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/internal/scenario"
)

// try compiles and checks a policy of files, which where names to people.
func (k *Keeper) try(files map[string][]byte, where string) (*Edition, error) {
	return loadEdition(k.cfg, orShippedPlans(rules.FS(files)), where)
}

// test runs the Rego tests of a policy, then its scenarios and those of the site. Each error has a line for each that
// fails, with file, line, what was wanted and what came. A fault keeps the policy from coming into force; of the shipped
// scenarios, where nobody has changed them, one is only warned.
func (k *Keeper) test(ctx context.Context, e *Edition, where string) (warning, fault error) {
	files := e.Policy.Files()
	sample := sampleScenarios(files)
	beside, err := besidePolicy(k.cfg)
	maps.Copy(files, beside)
	fault = errors.Join(k.runTests(ctx, e, where), err, k.place(ctx, e, files, where))
	return k.place(ctx, e, sample, where), fault
}

func (k *Keeper) runTests(ctx context.Context, e *Edition, where string) error {
	report, err := rules.Test(ctx, rules.FS(e.Policy.Files()))
	if err != nil {
		return fmt.Errorf("the tests of the policy in %s cannot be run:\n%w", where, err)
	}
	var failed []string
	for _, t := range report.Results {
		if !t.Passed {
			failed = append(failed, fmt.Sprintf("%s:%d: %s failed: %s", t.File, t.Line, t.Name, t.Why))
		}
	}
	return failing("own tests", where, failed)
}

// place has a policy decide the calls of the scenario files among files, as calls are decided: within the site's deadline.
func (k *Keeper) place(ctx context.Context, e *Edition, files map[string][]byte, where string) error {
	all, err := readScenarios(k.cfg, files)
	if err != nil {
		return fmt.Errorf("the scenarios of the policy in %s are not usable:\n%w", where, err)
	}
	var failed []string
	for _, r := range scenario.Run(ctx, all, e.Book) {
		if !r.Passed {
			failed = append(failed, r.String())
		}
	}
	if len(all) > 0 && ctx.Err() != nil {
		return fmt.Errorf("the scenarios of the policy in %s have not come to an end within %v", where, changeTimeout)
	}
	return failing("scenarios", where, failed)
}

// failing is the error of tests or scenarios of which these failed, nil if none did.
func failing(what, where string, failed []string) error {
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("the policy in %s fails its %s:\n%s", where, what, strings.Join(failed, "\n"))
}
