package rules

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
)

// TestReport is the outcome of a policy's Rego tests.
type TestReport struct {
	Results  []TestResult   `json:"results"`  // by file and line
	Coverage []FileCoverage `json:"coverage"` // of the rule files, by name
}

// TestResult is the outcome of one test.
type TestResult struct {
	File    string        `json:"file"`
	Line    int           `json:"line"`
	Name    string        `json:"name"`
	Passed  bool          `json:"passed"`
	Why     string        `json:"why,omitempty"`    // why it did not pass
	Output  string        `json:"output,omitempty"` // what it printed
	Elapsed time.Duration `json:"elapsed_ns"`
}

// FileCoverage says how much of a rule file the tests went through.
type FileCoverage struct {
	File       string  `json:"file"`
	Percent    float64 `json:"percent"`     // of the lines that can be evaluated
	NotCovered []int   `json:"not_covered"` // lines
}

// Passed reports whether all tests passed.
func (r *TestReport) Passed() bool {
	return !slices.ContainsFunc(r.Results, func(t TestResult) bool { return !t.Passed })
}

// testDeadline is how long one test may take.
const testDeadline = 5 * time.Second

// Test runs the Rego tests (rules/*_test.rego) of a policy directory, with the data of the directory. A policy that Load
// would refuse, or a test that cannot be compiled, is an error. Rules are tested whatever their mode is.
func Test(ctx context.Context, fsys fs.FS) (*TestReport, error) {
	bad := &faults{}
	s := read(fsys, bad)
	tests := parseRules(s.content, true, bad)
	if bad.any() {
		return nil, bad.err()
	}
	all := maps.Clone(s.modules)
	for name, m := range tests {
		m.Annotations = nil
		all[name] = m
	}
	coverage := cover.New()
	results, err := run(ctx, s, all, coverage)
	if err != nil {
		bad.add(err)
		return nil, bad.err()
	}
	report := &TestReport{Results: results, Coverage: []FileCoverage{}}
	covered := coverage.Report(s.modules)
	for _, name := range slices.Sorted(maps.Keys(s.modules)) {
		report.Coverage = append(report.Coverage, fileCoverage(name, covered.Files[name]))
	}
	return report, nil
}

// run runs all tests of the modules.
func run(ctx context.Context, s *source, modules map[string]*ast.Module, coverage *cover.Cover) ([]TestResult, error) {
	store := inmem.NewFromASTObject(s.data)
	txn, err := store.NewTransaction(ctx)
	if err != nil {
		return nil, err
	}
	defer store.Abort(ctx, txn)
	ch, err := tester.NewRunner().
		SetCompiler(newCompiler(s.schemas).WithEnablePrintStatements(true)).
		SetStore(store).
		SetModules(modules).
		SetCoverageQueryTracer(coverage).
		CapturePrintOutput(true).
		RaiseBuiltinErrors(true).
		SetTimeout(testDeadline).
		RunTests(ctx, txn)
	if err != nil {
		return nil, err
	}
	results := []TestResult{}
	for r := range ch {
		results = append(results, testResult(r))
	}
	slices.SortFunc(results, func(a, b TestResult) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Name, b.Name))
	})
	return results, ctx.Err()
}

func testResult(r *tester.Result) TestResult {
	t := TestResult{Name: r.Name, Passed: r.Pass(), Elapsed: r.Duration, Output: string(r.Output)}
	if r.Location != nil {
		t.File, t.Line = r.Location.File, r.Location.Row
	}
	switch {
	case t.Passed:
	case r.Skip:
		t.Why = "it is marked as to be done (todo_)"
	case r.Error != nil:
		t.Why = strings.ReplaceAll(r.Error.Error(), "\n", "; ")
	case r.FailedAt != nil && r.FailedAt.Location != nil:
		t.Why = fmt.Sprintf("line %d is not true: %s", r.FailedAt.Location.Row, r.FailedAt.Location.Text)
	default:
		t.Why = "it is not true"
	}
	return t
}

func fileCoverage(name string, r *cover.FileReport) FileCoverage {
	c := FileCoverage{File: name, NotCovered: []int{}}
	if r == nil {
		return c
	}
	c.Percent = r.Coverage
	for _, span := range r.NotCovered {
		for line := span.Start.Row; line <= span.End.Row; line++ {
			if !slices.Contains(c.NotCovered, line) {
				c.NotCovered = append(c.NotCovered, line)
			}
		}
	}
	slices.Sort(c.NotCovered)
	return c
}
