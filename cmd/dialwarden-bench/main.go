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
		case "log":
			return ask(ctx, args[1:], stdout, stderr)
		case "scale":
			return carry(ctx, args[1:], stdout, stderr)
		}
	}
	return setUp(ctx, args, stdout, stderr)
}

// setUp measures the set-up of calls, and how many a second are held.
func setUp(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, v := bench.Default(), newVerb("dialwarden-bench", stdout, stderr)
	v.subject(&o.Subject)
	v.IntVar(&o.Calls, "calls", o.Calls, "how many calls of each way are timed")
	v.IntVar(&o.Rate, "rate", o.Rate, "how many calls a second, of all ways together, while they are timed")
	v.DurationVar(&o.Bound, "bound", o.Bound, "a rate is held while the p99 of the set-up time stays within this")
	v.IntVar(&o.Highest, "highest", o.Highest, "the highest rate to try; 0 for none")
	v.IntVar(&o.Prompts, "prompts", o.Prompts, "how many times the wait for the first prompt is measured; 0 for none")
	return v.run(args, func() (printer, error) { return bench.Run(ctx, o) })
}
