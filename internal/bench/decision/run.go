package decision

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// Options say what is measured.
type Options struct {
	Decisions int    // of each kind
	BaseOnly  bool   // leave out the other sizes
	OPA       string // OPA's program; empty to leave its server out
	Log       io.Writer
}

// Report is what a run found; times are in microseconds.
type Report struct {
	Decisions int       `json:"decisions"`
	Base      Size      `json:"base"`
	Rows      []Row     `json:"rows"`
	OPA       []Server  `json:"opa"`
	Runaways  []Runaway `json:"runaways"`
}

// Row is what one decision takes with a policy of a size.
type Row struct {
	Size  Size  `json:"size"`
	Times Times `json:"us"`
}

// Server is what asking OPA's server takes, and how many times as much as a decision in this process that is.
type Server struct {
	Way   string `json:"way"` // keep-alive, or a connection each
	Times Times  `json:"us"`
	Ratio Times  `json:"ratio"`
}

// Times are quantiles.
type Times struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// base is a large site.
var base = Size{Extensions: 10_000, Prefixes: 5_000}

// sizes are what the time must not depend on.
var sizes = []Size{
	base,
	{Extensions: 100, Prefixes: 5_000}, {Extensions: 100_000, Prefixes: 5_000},
	{Extensions: 10_000, Prefixes: 100}, {Extensions: 10_000, Prefixes: 100_000},
	{Extensions: 10_000, Prefixes: 5_000, Rules: 10}, {Extensions: 10_000, Prefixes: 5_000, Rules: 1_000},
}

// dialled are the numbers of the calls, in turn: local, mobile, another city, abroad, premium, a colleague.
var dialled = []string{"962345678", "913800138000", "902112345678", "900442079460000", "916812345", "300001"}

// Run measures. The error says what could not be done; a slow result is none.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	dir, err := os.MkdirTemp("", "dialwarden-decision-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &Report{Decisions: o.Decisions, Base: base}
	_, _ = fmt.Fprintln(o.Log, "cutting rules that do not end")
	if r.Runaways, err = cutting(ctx, 20); err != nil {
		return nil, err
	}
	for i, size := range sizes {
		if i > 0 && o.BaseOnly {
			break
		}
		_, _ = fmt.Fprintf(o.Log, "deciding %d calls with %d extensions, %d prefixes, %d more rules\n",
			o.Decisions, size.Extensions, size.Prefixes, size.Rules)
		policyDir := filepath.Join(dir, fmt.Sprint(i))
		if err := size.write(policyDir); err != nil {
			return nil, err
		}
		cfg := config.Default()
		cfg.Policy.Dir, cfg.Policy.Deadline = policyDir, yamlfile.Duration(5*time.Second)
		edition, err := app.LoadEdition(cfg)
		if err != nil {
			return nil, err
		}
		row := Row{Size: size}
		if row.Times, err = inProcess(ctx, edition, o.Decisions, size.Extensions); err != nil {
			return nil, err
		}
		r.Rows = append(r.Rows, row)
		if i == 0 && o.OPA != "" {
			if r.OPA, err = besideOPA(ctx, o, edition, policyDir, filepath.Join(dir, "opa"), row.Times); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// attempt is the n-th call; the callers take turns, and so do the numbers.
func attempt(n, extensions int) call.Attempt {
	return call.Attempt{
		Source: call.SourceARI, Channel: "1700000000.1", Extension: extension(n % extensions), Dialled: dialled[n%len(dialled)],
		At: time.Now(),
	}
}

// warm is how many decisions go before those that are timed.
const warm = 2_000

// inProcess times decisions on one processor, its garbage collection included.
func inProcess(ctx context.Context, e *app.Edition, n, extensions int) (Times, error) {
	runtime.GC()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as the daemon does
	took := make([]time.Duration, 0, n)
	for i := range warm + n {
		a := attempt(i, extensions)
		began := time.Now()
		f := e.Book.Facts(a, call.Usage{}, call.Credentials{})
		d := e.Book.Judge(ctx, f)
		if i >= warm {
			took = append(took, time.Since(began))
		}
		if d.Rule == call.RulePolicyError {
			return Times{}, fmt.Errorf("the policy failed: %v", d.Reasons)
		}
	}
	return timesOf(took), nil
}

// besideOPA asks OPA's server about the same calls, over one connection and over a connection each.
func besideOPA(ctx context.Context, o Options, e *app.Edition, policyDir, dir string, own Times) (_ []Server, err error) {
	if err := bundle(policyDir, dir); err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(o.Log, "asking OPA's server (%s) about %d calls, twice\n", o.OPA, o.Decisions)
	s, err := serve(ctx, o.OPA, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	var all []Server
	for _, way := range []string{"keep-alive", "a connection each"} {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: way != "keep-alive"}}
		took := make([]time.Duration, 0, o.Decisions)
		for i := range warm/4 + o.Decisions {
			f := e.Book.Facts(attempt(i, base.Extensions), call.Usage{}, call.Credentials{})
			began := time.Now()
			a, err := s.ask(ctx, client, &f)
			if err != nil {
				return nil, err
			}
			if i >= warm/4 {
				took = append(took, time.Since(began))
			}
			if d := e.Book.Judge(ctx, f); (d.Action == call.Deny) != (len(a.Result.Deny) > 0 || len(a.Result.Allow) == 0) {
				return nil, fmt.Errorf("from %s to %s: here %s by %s, OPA's server says %+v", f.Caller.Extension, f.Callee.Dialled, d.Action, d.Rule, a.Result)
			}
		}
		client.CloseIdleConnections()
		t := timesOf(took)
		all = append(all, Server{Way: way, Times: t, Ratio: Times{P50: t.P50 / own.P50, P99: t.P99 / own.P99}})
	}
	return all, nil
}

func timesOf(took []time.Duration) Times {
	slices.Sort(took)
	at := func(percent int) float64 {
		return float64(took[(len(took)*percent+99)/100-1].Nanoseconds()) / 1000
	}
	return Times{P50: at(50), P99: at(99)}
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "one decision in this process, one processor, %d of each; µs\n\nextensions  prefixes  more rules       p50       p99\n", r.Decisions)
	for _, x := range r.Rows {
		if err == nil {
			_, err = fmt.Fprintf(w, "%10d  %8d  %10d  %8.1f  %8.1f\n", x.Size.Extensions, x.Size.Prefixes, x.Size.Rules, x.Times.P50, x.Times.P99)
		}
	}
	if err == nil && len(r.OPA) > 0 {
		_, err = fmt.Fprintf(w, "\nOPA's own server over HTTP, %d extensions, %d prefixes; µs          times as long\n", r.Base.Extensions, r.Base.Prefixes)
	}
	for _, x := range r.OPA {
		if err == nil {
			_, err = fmt.Fprintf(w, "%-30s  %8.1f  %8.1f  %12.1f  %6.1f\n", x.Way, x.Times.P50, x.Times.P99, x.Ratio.P50, x.Ratio.P99)
		}
	}
	if err == nil {
		err = printRunaways(w, r.Runaways)
	}
	return err
}
