package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/dialwarden/dialwarden/internal/bench"
)

// carry measures many calls at once, on Asterisk alone and through Dialwarden.
func carry(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o := bench.DefaultScale()
	o.Log = stderr
	flags := flag.NewFlagSet("dialwarden-bench scale", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.Program, "daemon", "bin/dialwarden", "the dialwarden `binary` that is measured")
	flags.StringVar(&o.Dir, "dir", ".", "a `directory` on the disk that the ledger is on; nothing is left in it")
	flags.BoolVar(&o.Keep, "keep", false, "leave the ledger and the daemon's log in that directory")
	flags.IntVar(&o.Calls, "calls", o.Calls, "how many calls are in progress at once")
	flags.IntVar(&o.Rate, "rate", o.Rate, "how many calls are placed a second")
	flags.DurationVar(&o.For, "for", o.For, "how long calls are placed, each way")
	flags.DurationVar(&o.Slow, "slow", o.Slow, "a call that is answered later than after this is slow")
	asJSON := flags.Bool("json", false, "print the report as JSON")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		return exitFailed // the flag set has said why
	case flags.NArg() > 0:
		err = fmt.Errorf("no argument is wanted: %q", flags.Args())
	}
	var r *bench.Scale
	if err == nil {
		r, err = bench.RunScale(ctx, o)
	}
	return finish(stdout, stderr, r, err, *asJSON)
}
