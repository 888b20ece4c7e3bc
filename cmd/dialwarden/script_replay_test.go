package main

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// decide has a policy decide a call, and records it as the daemon would, with the policy's revision. The first argument
// is the ledger, then come the policy's directory, who calls, what is dialled, and for how many seconds it was talked.
// $REV_ and the directory's name is the revision from then on.
func decide(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 5 {
		ts.Fatalf("usage: decide LEDGER POLICY_DIR EXTENSION DIGITS SECONDS")
	}
	cfg := config.Default()
	cfg.Policy.Dir = ts.MkAbs(args[1])
	e, err := app.LoadEdition(cfg)
	ts.Check(err)
	talked, err := strconv.Atoi(args[4])
	ts.Check(err)
	l := open(ts, args[0])
	ctx := context.Background()
	id := judge(ts, l, e, args[2], args[3], func(*call.Decision) {})
	at := judgedAt
	if talked > 0 {
		ts.Check(l.Answered(ctx, id, call.Pickup{At: at}))
		ts.Check(l.Ended(ctx, id, call.End{EndedAt: at.Add(time.Duration(talked) * time.Second), Cause: 16, Source: "ari"}))
	}
	ts.Check(l.Close())
	ts.Setenv("REV_"+strings.ToUpper(filepath.Base(args[1])), e.Policy.Revision())
}

// judgedAt is when judge's calls are made.
var judgedAt = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)

// judge has a policy decide a call, changes the decision, and records it with the policy.
func judge(ts *testscript.TestScript, l *ledger.Ledger, e *app.Edition, from, dialled string, change func(*call.Decision)) int64 {
	ctx := context.Background()
	r := call.Record{Attempt: call.Attempt{Source: call.SourceARI, Channel: "1.1", Extension: from, Dialled: dialled, At: judgedAt}}
	r.Facts = e.Book.Facts(r.Attempt, call.Usage{}, call.Credentials{})
	r.Decision = e.Book.Judge(ctx, r.Facts)
	change(&r.Decision)
	r.Impose(time.Now(), e.Book.Zone, e.Book.Currency)
	ts.Check(l.SaveRevision(ctx, e.Policy.Revision(), judgedAt, e.Policy.Files()))
	id, err := l.Record(ctx, r)
	ts.Check(err)
	return id
}
