package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
)

// judged makes a ledger with what the shipped policy decides about calls of phone 103: to another city; the same, where
// three wrong PINs were typed; an emergency call. The last has a revision that no program can load.
func judged(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	e, err := app.LoadEdition(config.Default())
	ts.Check(err)
	l := open(ts, args[0])
	at := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	ts.Check(l.SaveRevision(ctx, e.Policy.Revision(), at, e.Policy.Files()))
	ts.Check(l.SaveRevision(ctx, "0123456789abcdef", at, map[string][]byte{"rules/old.rego": []byte("package old\n")}))
	for i, dialled := range []string{"902112345678", "902112345678", "110", "962345678"} {
		attempt := call.Attempt{Source: call.SourceARI, Channel: "1.1", Extension: "103", Dialled: dialled, At: at}
		facts := e.Book.Facts(attempt, call.Usage{}, call.Credentials{})
		d := e.Book.Judge(ctx, facts)
		switch i {
		case 1:
			d.Action = call.Deny
			d.Reasons = append(d.Reasons, call.Reason{Rule: d.Rule, Text: "three wrong PINs"})
		case 3:
			d.PolicyRevision = "0123456789abcdef"
		}
		_, err := l.Record(ctx, call.Record{Attempt: attempt, Facts: facts, Decision: d})
		ts.Check(err)
	}
	ts.Check(l.Close())
}

// TestWrap holds lines to the width, Chinese ones too, and loses nothing but spaces.
func TestWrap(t *testing.T) {
	for _, text := range []string{
		"short", strings.Repeat("word ", 60) + "end", strings.Repeat("拨打长途电话须输入密码", 20), strings.Repeat("x", 150),
		"", " begins with a space", "不成立：" + strings.Repeat("input.callee.class in data.local.classes；", 9),
	} {
		var b strings.Builder
		wrap(&b, 4, text)
		for line := range strings.Lines(b.String()) {
			if n := width(strings.TrimSuffix(line, "\n")); n > columns && strings.ContainsAny(text, " 打") {
				t.Errorf("%d columns: %q", n, line)
			}
		}
		if got, want := strings.Join(strings.Fields(b.String()), ""), strings.Join(strings.Fields(text), ""); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
