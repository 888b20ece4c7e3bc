// Command dialwarden-bench measures what Dialwarden adds to the set-up of a call, and how many calls a second it holds,
// on a real Asterisk, beside plain Dial and beside an ARI app that only continues. `make bench` builds what it needs
// and runs it. `dialwarden-bench decision` measures the decision alone, in this process, beside OPA's own server;
// `dialwarden-bench log` measures lists and summaries of a long log, `dialwarden-bench ledger` the ledger's commits, beside a
// bare SQLite loop and the disk; `dialwarden-bench scale` measures a thousand calls at once. The methods stand in docs/benchmarks.md.
//
// Exit status: 0 measured, 2 it could not be done.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/dialwarden/dialwarden/internal/bench"
)

// The exit statuses.
const (
	exitDone   = 0
	exitFailed = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run carries out one command line and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		switch args[0] {
		case "decision":
			return decide(ctx, args[1:], stdout, stderr)
		case "ledger":
			return commit(ctx, args[1:], stdout, stderr)
		case "scale":
			return carry(ctx, args[1:], stdout, stderr)
		}
	}
	if len(args) > 0 && args[0] == "log" {
		return ask(ctx, args[1:], stdout, stderr)
	}
	o := bench.Default()
	o.Log = stderr
	flags := flag.NewFlagSet("dialwarden-bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.Program, "daemon", "bin/dialwarden", "the dialwarden `binary` that is measured")
	flags.StringVar(&o.Dir, "dir", ".", "a `directory` on the disk whose commits are measured; nothing is left in it")
	flags.BoolVar(&o.Keep, "keep", false, "leave the ledger and the daemon's log in that directory")
	flags.IntVar(&o.Calls, "calls", o.Calls, "how many calls of each way are timed")
	flags.IntVar(&o.Rate, "rate", o.Rate, "how many calls a second, of all ways together, while they are timed")
	flags.DurationVar(&o.Bound, "bound", o.Bound, "a rate is held while the p99 of the set-up time stays within this")
	flags.IntVar(&o.Highest, "highest", o.Highest, "the highest rate to try; 0 for none")
	flags.IntVar(&o.Prompts, "prompts", o.Prompts, "how many times the wait for the first prompt is measured; 0 for none")
	asJSON := flags.Bool("json", false, "print the report as JSON")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		return exitFailed // the flag set has said why
	}
	if flags.NArg() > 0 {
		err = fmt.Errorf("no argument is wanted: %q", flags.Args())
	}
	var r *bench.Report
	if err == nil {
		r, err = bench.Run(ctx, o)
	}
	return finish(stdout, stderr, r, err, *asJSON)
}

// finish prints the report, or why there is none, and returns the exit status.
func finish(stdout, stderr io.Writer, r printer, err error, asJSON bool) int {
	if err == nil {
		err = show(stdout, r, asJSON)
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "dialwarden-bench: %v\n", err)
		return exitFailed
	}
	return exitDone
}

// printer is a report.
type printer interface{ Print(w io.Writer) error }

func show(w io.Writer, r printer, asJSON bool) error {
	if !asJSON {
		return r.Print(w)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
