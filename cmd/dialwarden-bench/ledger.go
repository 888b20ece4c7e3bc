package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/dialwarden/dialwarden/internal/bench/ledger"
)

// commit measures the ledger's group commit beside a bare SQLite loop and the disk.
func commit(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, v := ledger.Options{Log: stderr}, newVerb("dialwarden-bench ledger", stdout, stderr)
	v.StringVar(&o.Dir, "dir", ".", "a `directory` on the disk that is measured; nothing is left in it")
	v.DurationVar(&o.Slice, "slice", 200*time.Millisecond, "how long each way runs at a time")
	v.IntVar(&o.Rounds, "rounds", 5, "how often each way has its turn")
	v.IntVar(&o.Samples, "samples", 32768, "how many different decisions the bare loops write")
	return v.run(args, func() (printer, error) {
		if o.Slice <= 0 || o.Rounds < 1 || o.Samples < 1 {
			return nil, fmt.Errorf("--slice %v, --rounds %d, --samples %d: all must be more than nothing", o.Slice, o.Rounds, o.Samples)
		}
		return ledger.Run(ctx, o)
	})
}
