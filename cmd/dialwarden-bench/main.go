package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/dialwarden/dialwarden/internal/bench"
)

func main() {
	o := bench.Default()
	flag.StringVar(&o.Program, "daemon", "bin/dialwarden", "")
	flag.IntVar(&o.Calls, "calls", o.Calls, "")
	flag.IntVar(&o.Rate, "rate", o.Rate, "")
	flag.StringVar(&o.Dir, "dir", ".", "")
	flag.BoolVar(&o.Keep, "keep", false, "")
	flag.Parse()
	o.Log = os.Stderr
	r, err := bench.Run(context.Background(), o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "dialwarden-bench:", err)
		os.Exit(2)
	}
	r.Print(os.Stdout)
}
