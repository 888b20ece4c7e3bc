package main

import (
	"fmt"
	"io"
	"time"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

// lister prints decisions one after another: as JSON lines, or as a table whose columns are wide enough for nearly all.
type lister struct {
	w       io.Writer
	asJSON  bool
	zone    *time.Location // of the times for people
	started bool
}

func newLister(w io.Writer, asJSON bool, zone *time.Location) *lister {
	return &lister{w: w, asJSON: asJSON, zone: zone}
}

const listFormat = "%7s  %-19s  %-6s  %-18s  %-13s  %-9s  %-16s  %s\n"

func (l *lister) print(d ledger.Decision) error {
	first := !l.started
	l.started = true
	if l.asJSON {
		return printJSON(l.w, d)
	}
	if first {
		if _, err := fmt.Fprintf(l.w, listFormat, "ID", "TIME", "FROM", "DIALLED", "CLASS", "ACTION", "RULE", "REASON"); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(l.w, listFormat, number(d.ID), d.At.In(l.zone).Format("2006-01-02 15:04:05"), d.Extension, d.Dialled,
		d.Class, d.Action, d.Rule, d.Reason)
	return err
}
