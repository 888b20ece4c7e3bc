package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/dialwarden/dialwarden/internal/bench/asking"
)

// ask measures lists and summaries of a log.
func ask(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o := asking.Options{Log: stderr}
	flags := flag.NewFlagSet("dialwarden-bench log", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.Rows, "rows", 200_000, "how many decisions the log has; 10,000,000 take ten minutes and 6 GB")
	flags.StringVar(&o.Dir, "dir", ".", "a `directory` for the log; nothing is left in it")
	flags.IntVar(&o.Times, "times", 30, "how often each question is asked")
	asJSON := flags.Bool("json", false, "print the report as JSON")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		return exitFailed // the flag set has said why
	case flags.NArg() > 0:
		err = fmt.Errorf("no argument is wanted: %q", flags.Args())
	case o.Rows < 1000:
		err = fmt.Errorf("--rows %d: must be at least 1000", o.Rows)
	case o.Times < 1:
		err = fmt.Errorf("--times %d: must be at least 1", o.Times)
	}
	var r *asking.Report
	if err == nil {
		r, err = asking.Run(ctx, o)
	}
	return finish(stdout, stderr, r, err, *asJSON)
}
