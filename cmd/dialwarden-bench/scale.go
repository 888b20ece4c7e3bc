package main

import (
	"context"
	"io"

	"github.com/dialwarden/dialwarden/internal/bench"
)

// carry measures many calls at once, on Asterisk alone and through Dialwarden.
func carry(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, v := bench.DefaultScale(), newVerb("dialwarden-bench scale", stdout, stderr)
	v.subject(&o.Subject)
	v.IntVar(&o.Calls, "calls", o.Calls, "how many calls are in progress at once")
	v.IntVar(&o.Rate, "rate", o.Rate, "how many calls are placed a second")
	v.DurationVar(&o.For, "for", o.For, "how long calls are placed, each way")
	v.DurationVar(&o.Slow, "slow", o.Slow, "a call that is answered later than after this is slow")
	return v.run(args, func() (printer, error) { return bench.RunScale(ctx, o) })
}
