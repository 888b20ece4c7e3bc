// Package asking measures how long questions to a long log take: a page of a list by many combinations of filters, also
// of filters that are each frequent and together rare or contradictory, and summaries.
//
// The log is made by SQL, not through the ledger's writer: a year of decisions by 2,000 extensions in 40 departments, with
// short evaluations and without a chain. The oldest hundredth, and no other, called +4420…; a third called one exchange
// (+8610123…); half of the calls are mobile, half are allowed, half are by odd extensions, and no mobile call of an even
// extension is allowed.
package asking

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// Options are what can be chosen.
type Options struct {
	Rows  int
	Times int       // how often each question is asked
	Dir   string    // for the log
	Log   io.Writer // told how it goes
}

// Report is what was measured.
type Report struct {
	Rows  int      `json:"rows"`
	Bytes int64    `json:"bytes"`    // of the file
	Made  Millis   `json:"made_ms"`  // making the rows
	Built Millis   `json:"built_ms"` // building the facets
	Asked []Answer `json:"asked"`
}

// Millis are milliseconds.
type Millis float64

// Answer is how long one question took. The first time is also that of a cold cache.
type Answer struct {
	Question string `json:"question"`
	Found    int    `json:"found"` // decisions in the page, or counted
	First    Millis `json:"first_ms"`
	P50      Millis `json:"p50_ms"`
	Max      Millis `json:"max_ms"`
}

// pageSize is how many decisions a page shows.
const pageSize = 100

// year is when the decisions of the log begin.
var year = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// day is a moment on the nth day of the log.
func day(n int) time.Time { return year.AddDate(0, 0, n) }

// questions are those that are asked, the newest and the oldest first.
var questions = []struct {
	name   string
	filter ledger.Filter
}{
	{"everything", ledger.Filter{}},
	{"action", ledger.Filter{Action: call.Deny}},
	{"a rare rule", ledger.Filter{Rule: "rare"}},
	{"extension", ledger.Filter{Extension: "1017"}},
	{"extension that there is not", ledger.Filter{Extension: "9999"}},
	{"holder, department of another", ledger.Filter{Holder: "Holder 17", Department: "Department 18"}},
	{"a day", ledger.Filter{Since: day(60), Until: day(61)}},
	{"a day, holder", ledger.Filter{Since: day(60), Until: day(61), Holder: "Holder 17"}},
	{"half a year, rare rule, department", ledger.Filter{Since: day(90), Until: day(270), Rule: "rare", Department: "Department 17"}},
	{"+44, only in old rows", ledger.Filter{NumberPrefix: "+44"}},
	{"+44, half a year later", ledger.Filter{NumberPrefix: "+44", Since: day(180)}},
	{"+86", ledger.Filter{NumberPrefix: "+86"}},
	{"a frequent exchange", ledger.Filter{NumberPrefix: "+8610123"}},
	{"a frequent exchange, rare rule", ledger.Filter{NumberPrefix: "+86101234", Rule: "rare"}},
	{"one number", ledger.Filter{NumberPrefix: "+86101230001"}},
	{"one number that there is not", ledger.Filter{NumberPrefix: "+8610123000123"}},
	{"class, action, rule: contradictory", ledger.Filter{Class: call.Mobile, Action: call.Allow, Rule: "even"}},
	{"the same with +86", ledger.Filter{Class: call.Mobile, Action: call.Allow, Rule: "even", NumberPrefix: "+86"}},
	{"the same with 11 months", ledger.Filter{
		Class: call.Mobile, Action: call.Allow, Rule: "even", NumberPrefix: "+86", Since: day(15), Until: day(350),
	}},
	{"all eight, contradictory", ledger.Filter{
		Since: day(15), Until: day(350), Extension: "1018", Holder: "Holder 18", Department: "Department 18",
		NumberPrefix: "+86", Class: call.Mobile, Action: call.Allow, Rule: "even",
	}},
	{"all eight", ledger.Filter{
		Since: day(15), Until: day(350), Extension: "1017", Holder: "Holder 17", Department: "Department 17",
		NumberPrefix: "+86", Class: call.Mobile, Action: call.Allow, Rule: "odd",
	}},
}

// Run makes the log, asks, and removes it.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	dir, err := os.MkdirTemp(o.Dir, "dialwarden-bench-log-")
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "dialwarden.db")
	r := &Report{Rows: o.Rows}
	_, _ = fmt.Fprintf(o.Log, "making %d decisions …\n", o.Rows)
	begun := time.Now()
	if err := makeLog(ctx, path, o.Rows); err != nil {
		return nil, err
	}
	r.Made = since(begun)
	_, _ = fmt.Fprintln(o.Log, "building their facets …")
	begun = time.Now()
	if err := build(ctx, path); err != nil {
		return nil, err
	}
	r.Built = since(begun)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	r.Bytes = info.Size()
	reader, err := ledger.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, reader.Close()) }()
	r.Asked, err = askAll(ctx, reader, o.Times)
	return r, err
}

// askAll asks every question.
func askAll(ctx context.Context, r *ledger.Reader, times int) ([]Answer, error) {
	var all []Answer
	for _, q := range questions {
		for _, newest := range []bool{true, false} {
			f, order := q.filter, ", oldest first"
			if f.Limit, f.Reverse = pageSize, newest; newest {
				order = ", newest first"
			}
			a, err := asked(q.name+order, times, func() (n int, err error) {
				for _, e := range r.Decisions(ctx, f) {
					n, err = n+1, cmp.Or(err, e)
				}
				return n, err
			})
			if err != nil {
				return nil, err
			}
			all = append(all, a)
		}
	}
	for _, q := range []struct {
		name string
		days int
	}{{"summary of a day", 1}, {"summary of a month", 31}, {"summary of 300 days", 300}} {
		a, err := asked(q.name, times, func() (int, error) {
			s, err := r.Summary(ctx, day(59), day(59+q.days))
			return int(s.Decisions), err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// asked times one question.
func asked(name string, times int, question func() (int, error)) (Answer, error) {
	a := Answer{Question: name}
	took := make([]Millis, times)
	for i := range took {
		begun := time.Now()
		n, err := question()
		if err != nil {
			return a, fmt.Errorf("%s: %w", name, err)
		}
		took[i], a.Found = since(begun), n
	}
	a.First = took[0]
	slices.Sort(took)
	a.P50, a.Max = took[len(took)/2], took[len(took)-1]
	return a, nil
}

func since(t time.Time) Millis { return Millis(float64(time.Since(t).Microseconds()) / 1000) }

// Print writes the report as tables.
func (r *Report) Print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%d decisions, %d bytes each; made in %.0f s, their facets in %.0f s\n\n",
		r.Rows, r.Bytes/int64(r.Rows), r.Made/1000, r.Built/1000)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "A page of 100, ms\tfound\tfirst\tp50\tmax")
	for _, a := range r.Asked {
		_, _ = fmt.Fprintf(t, "%s\t%d\t%.1f\t%.1f\t%.1f\n", a.Question, a.Found, a.First, a.P50, a.Max)
	}
	return t.Flush()
}
