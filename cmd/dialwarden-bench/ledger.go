package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/dialwarden/dialwarden/internal/bench/ledger"
)

// commit measures the ledger's group commit beside a bare SQLite loop and the disk.
func commit(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o := ledger.Options{Log: stderr}
	flags := flag.NewFlagSet("dialwarden-bench ledger", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.Dir, "dir", ".", "a `directory` on the disk that is measured; nothing is left in it")
	flags.DurationVar(&o.Slice, "slice", 200*time.Millisecond, "how long each way runs at a time")
	flags.IntVar(&o.Rounds, "rounds", 5, "how often each way has its turn")
	flags.IntVar(&o.Samples, "samples", 32768, "how many different decisions the bare loops write")
	asJSON := flags.Bool("json", false, "print the report as JSON")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		return exitFailed // the flag set has said why
	case flags.NArg() > 0:
		err = fmt.Errorf("no argument is wanted: %q", flags.Args())
	case o.Slice <= 0 || o.Rounds < 1 || o.Samples < 1:
		err = fmt.Errorf("--slice %v, --rounds %d, --samples %d: all must be more than nothing", o.Slice, o.Rounds, o.Samples)
	}
	var r *ledger.Report
	if err == nil {
		r, err = ledger.Run(ctx, o)
	}
	return finish(stdout, stderr, r, err, *asJSON)
}
