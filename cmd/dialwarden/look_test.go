package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/replay"
)

// TestHider finds a number however it is written: in JSON, without its plus, behind another prefix.
func TestHider(t *testing.T) {
	var d ledger.Detail
	d.Number, d.Dialled = "+862112345678", `902112345678<1`
	d.Input = json.RawMessage(`{"callee":{"e164":"+862112345678","digits":"02112345678","dialled":"902112345678<1"}}`)
	hide := hider(d)
	for text, want := range map[string]string{
		"to +862112345678":                  "to +********5678",
		"to 862112345678":                   "to ********5678",
		`{"dial":"179512112345678"}`:        `{"dial":"***********5678"}`,
		`{"dialled":"902112345678\u003c1"}`: `{"dialled":"*********678\u003c1"}`,
		"entry 987654, unix 1795456966":     "entry 987654, unix 1795456966",
	} {
		if got := hide(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestHideExamples masks what an example of a replay tells of a number.
func TestHideExamples(t *testing.T) {
	shadow := []call.Shadowed{{Rule: "night", Reason: "862112345678 at night"}}
	all := []replay.Example{{Dialled: "902112345678", After: replay.Outcome{To: "179512112345678", Reason: "to +862112345678", Shadow: shadow}}}
	hideExamples(all)
	text, err := json.Marshal(all)
	if err != nil || strings.Contains(string(text), "12345") {
		t.Errorf("%s, %v", text, err)
	}
	if !strings.Contains(shadow[0].Reason, "12345") {
		t.Error("what was replayed has changed, too")
	}
}
