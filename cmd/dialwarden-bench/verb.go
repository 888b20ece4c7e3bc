package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/dialwarden/dialwarden/internal/bench"
)

// verb is one of the things that can be measured, with its flags.
type verb struct {
	*flag.FlagSet
	json           *bool
	stdout, stderr io.Writer
}

// printer is a report.
type printer interface{ Print(w io.Writer) error }

func newVerb(name string, stdout, stderr io.Writer) verb {
	v := verb{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), stdout: stdout, stderr: stderr}
	v.SetOutput(stderr)
	v.json = v.Bool("json", false, "print the report as JSON")
	return v
}

// subject are the flags of what is measured, and where.
func (v verb) subject(s *bench.Subject) {
	s.Log = v.stderr
	v.StringVar(&s.Program, "daemon", "bin/dialwarden", "the dialwarden `binary` that is measured")
	v.StringVar(&s.Dir, "dir", ".", "a `directory` on the disk whose commits are measured; nothing is left in it")
	v.BoolVar(&s.Keep, "keep", false, "leave the ledger and the daemon's log in that directory")
}

// run measures as args say, prints the report, or why there is none, and returns the exit status.
func (v verb) run(args []string, measure func() (printer, error)) int {
	switch err := v.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		return exitFailed // the flag set has said why
	}
	err := error(nil)
	if v.NArg() > 0 {
		err = fmt.Errorf("no argument is wanted: %q", v.Args())
	}
	var report printer
	if err == nil {
		report, err = measure()
	}
	if err == nil {
		err = v.show(report)
	}
	if err != nil {
		_, _ = fmt.Fprintf(v.stderr, "dialwarden-bench: %v\n", err)
		return exitFailed
	}
	return exitDone
}

func (v verb) show(report printer) error {
	if !*v.json {
		return report.Print(v.stdout)
	}
	e := json.NewEncoder(v.stdout)
	e.SetIndent("", "  ")
	return e.Encode(report)
}
