package main

import (
	"context"
	"fmt"
	"io"

	"github.com/dialwarden/dialwarden/internal/bench/asking"
)

// ask measures lists and summaries of a log.
func ask(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, v := asking.Options{Log: stderr}, newVerb("dialwarden-bench log", stdout, stderr)
	v.IntVar(&o.Rows, "rows", 200_000, "how many decisions the log has; 10,000,000 take ten minutes and 6 GB")
	v.StringVar(&o.Dir, "dir", ".", "a `directory` for the log; nothing is left in it")
	v.IntVar(&o.Times, "times", 30, "how often each question is asked")
	return v.run(args, func() (printer, error) {
		switch {
		case o.Rows < 1000:
			return nil, fmt.Errorf("--rows %d: must be at least 1000", o.Rows)
		case o.Times < 1:
			return nil, fmt.Errorf("--times %d: must be at least 1", o.Times)
		}
		return asking.Run(ctx, o)
	})
}
