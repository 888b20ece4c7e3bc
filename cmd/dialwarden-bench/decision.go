package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/dialwarden/dialwarden/internal/bench/decision"
)

// decide measures one decision in this process, and OPA's server beside it.
func decide(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o := decision.Options{Log: stderr}
	flags := flag.NewFlagSet("dialwarden-bench decision", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.Decisions, "decisions", 6000, "how many decisions of each kind are timed")
	flags.StringVar(&o.OPA, "opa", "", "OPA's `program`, whose server is asked, too; none leaves it out")
	flags.BoolVar(&o.BaseOnly, "base-only", false, "leave out the policies of other sizes")
	asJSON := flags.Bool("json", false, "print the report as JSON")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		return exitFailed // the flag set has said why
	case flags.NArg() > 0:
		err = fmt.Errorf("no argument is wanted: %q", flags.Args())
	case o.Decisions < 100:
		err = fmt.Errorf("--decisions %d: must be at least 100", o.Decisions)
	}
	var r *decision.Report
	if err == nil {
		r, err = decision.Run(ctx, o)
	}
	return finish(stdout, stderr, r, err, *asJSON)
}
