package main

import (
	"context"
	"fmt"
	"io"

	"github.com/dialwarden/dialwarden/internal/bench/decision"
)

// decide measures one decision in this process, and OPA's server beside it.
func decide(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, v := decision.Options{Log: stderr}, newVerb("dialwarden-bench decision", stdout, stderr)
	v.IntVar(&o.Decisions, "decisions", 6000, "how many decisions of each kind are timed")
	v.StringVar(&o.OPA, "opa", "", "OPA's `program`, whose server is asked, too; none leaves it out")
	v.BoolVar(&o.BaseOnly, "base-only", false, "leave out the policies of other sizes")
	return v.run(args, func() (printer, error) {
		if o.Decisions < 100 {
			return nil, fmt.Errorf("--decisions %d: must be at least 100", o.Decisions)
		}
		return decision.Run(ctx, o)
	})
}
