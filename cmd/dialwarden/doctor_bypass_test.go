package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestConsoleHangs: a console that hangs is given up in time, also where it is a script whose child goes on.
func TestConsoleHangs(t *testing.T) {
	script := filepath.Join(t.TempDir(), "console")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nsleep 20\necho over\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begun := time.Now()
	b := bypassSearch{console: script}
	if said, err := b.ask(ctx, "dialplan show"); err == nil || time.Since(begun) > 10*time.Second {
		t.Errorf("after %v: %q, %v", time.Since(begun), said, err)
	} else {
		t.Log(err)
	}
}
