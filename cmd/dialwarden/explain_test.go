package main

import (
	"context"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
)

// judged makes a ledger with what the shipped policy decides about calls of phone 103: to another city; the same, where
// three wrong PINs were typed; an emergency call. The last has a revision that no program can load.
func judged(ts *testscript.TestScript, _ bool, args []string) {
	e, err := app.LoadEdition(config.Default())
	ts.Check(err)
	l := open(ts, args[0])
	const unknown = "0123456789abcdef"
	ts.Check(l.SaveRevision(context.Background(), unknown, judgedAt, map[string][]byte{"rules/old.rego": []byte("package old\n")}))
	for _, one := range []struct {
		dialled string
		change  func(*call.Decision)
	}{
		{"902112345678", func(*call.Decision) {}},
		{"902112345678", func(d *call.Decision) {
			d.Action = call.Deny
			d.Reasons = append(d.Reasons, call.Reason{Rule: d.Rule, Text: "three wrong PINs"})
		}},
		{"110", func(*call.Decision) {}},
		{"962345678", func(d *call.Decision) { d.PolicyRevision = unknown }},
	} {
		judge(ts, l, e, "103", one.dialled, one.change)
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
