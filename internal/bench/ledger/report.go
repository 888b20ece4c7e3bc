package ledger

import (
	"fmt"
	"io"
)

// Report is what a run found.
type Report struct {
	Rows []Row `json:"rows"`
}

// Row is what so many callers got. Rates are decisions a second (syncs, for Sync), times microseconds.
type Row struct {
	Callers int   `json:"callers"`
	Rate    int   `json:"rate"`
	P50     int64 `json:"p50_us"`
	P99     int64 `json:"p99_us"`
	// Bare is the rate of the bare loop, and Commit what its transaction of so many decisions takes.
	Bare      int   `json:"bare_rate"`
	Commit    int64 `json:"bare_commit_p50_us"`
	CommitP99 int64 `json:"bare_commit_p99_us"`
	Single    int   `json:"single_rate"`
	Sync      int   `json:"sync_rate"`

	ToBare    float64 `json:"to_bare"`     // Rate divided by Bare
	ToSingle  float64 `json:"to_single"`   // Rate divided by Single
	P99Commit float64 `json:"p99_commits"` // P99 in Commits
}

// rowOf makes a row of what the ledger, bare, single and sync did.
func rowOf(n int, s []slice) Row {
	rate := func(s slice) int { return int(float64(s.done) / s.in.Seconds()) }
	own, bare := sorted(s[0].took), sorted(s[1].took)
	r := Row{
		Callers: n, Rate: rate(s[0]), P50: quantile(own, 50).Microseconds(), P99: quantile(own, 99).Microseconds(),
		Bare: rate(s[1]), Commit: quantile(bare, 50).Microseconds(), CommitP99: quantile(bare, 99).Microseconds(),
		Single: rate(s[2]), Sync: rate(s[3]),
	}
	r.ToBare = float64(r.Rate) / float64(max(1, r.Bare))
	r.ToSingle = float64(r.Rate) / float64(max(1, r.Single))
	r.P99Commit = float64(r.P99) / float64(max(1, r.Commit))
	return r
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "\n%7s  %11s %8s %8s  %9s %6s %6s  %8s %8s  %7s %9s %11s\n", "callers", "decisions/s", "p50 µs", "p99 µs",
		"bare /s", "p50 µs", "p99 µs", "single/s", "syncs/s", "of bare", "of single", "p99/commit")
	for _, x := range r.Rows {
		if err == nil {
			_, err = fmt.Fprintf(w, "%7d  %11d %8d %8d  %9d %6d %6d  %8d %8d  %6.0f%% %8.1f× %11.1f\n", x.Callers, x.Rate, x.P50, x.P99,
				x.Bare, x.Commit, x.CommitP99, x.Single, x.Sync, 100*x.ToBare, x.ToSingle, x.P99Commit)
		}
	}
	return err
}
