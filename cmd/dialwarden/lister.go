package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

// lister prints decisions one after another: as JSON lines, or as a table whose columns are wide enough for nearly all.
type lister struct {
	w       io.Writer
	asJSON  bool
	zone    *time.Location // of the times for people
	masked  bool           // numbers are
	started bool
}

func newLister(w io.Writer, asJSON bool, zone *time.Location) *lister {
	return &lister{w: w, asJSON: asJSON, zone: zone}
}

const listFormat = "%7s  %-19s  %-6s  %-18s  %-13s  %-9s  %-16s  %s\n"

func (l *lister) print(d ledger.Decision) error {
	if l.masked {
		d = hide(d)
	}
	if l.asJSON {
		l.started = true
		return printJSON(l.w, d)
	}
	if err := l.head(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(l.w, listFormat, number(d.ID), d.At.In(l.zone).Format(time.DateTime), d.Extension, d.Dialled,
		d.Class, d.Action, d.Rule, d.Reason+proofs(d))
	return err
}

// proofs tells by what right a call was let out, and what it is about; nothing where there is nothing to tell.
func proofs(d ledger.Decision) string {
	var words []string
	for _, w := range []struct{ what, value string }{{"token", number(d.TokenID)}, {"approver", d.Approver}, {"matter", d.Matter}} {
		if w.value != "" {
			words = append(words, w.what+" "+w.value)
		}
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}

// head prints the heading before the first line.
func (l *lister) head() error {
	if l.started {
		return nil
	}
	l.started = true
	_, err := fmt.Fprintf(l.w, listFormat, "ID", "TIME", "FROM", "DIALLED", "CLASS", "ACTION", "RULE", "REASON")
	return err
}

// printChange prints what became of a policy: a line of its own for people, nothing for programs.
func (l *lister) printChange(e ledger.PolicyEntry) error {
	if l.asJSON {
		return nil
	}
	what := "policy " + orDash(e.Revision) + " in force, by " + string(e.Trigger)
	if e.Error != "" {
		what = "policy " + orDash(e.Revision) + " refused, by " + string(e.Trigger) + ": " + firstLine(e.Error)
	}
	err := l.head()
	if err == nil {
		_, err = fmt.Fprintf(l.w, "%7s  %s  %s\n", "", moment(e.Since, l.zone), what)
	}
	return err
}
