package app

import (
	"runtime/debug"
	"testing"
)

// A small heap may grow fourfold, a large one by no more than a small one.
func TestRelaxation(t *testing.T) {
	for inUse, want := range map[uint64]int{0: 400, 10 << 20: 400, 24 << 20: 400, 96 << 20: 100, 192 << 20: 50, 8 << 30: 20} {
		if got := relaxation(inUse); got != want {
			t.Errorf("%d MiB in use: %d %%, want %d", inUse>>20, got, want)
		}
	}
}

// TestCollector: it is fitted to the heap, but stays strict while a policy is tried.
func TestCollector(t *testing.T) {
	t.Setenv("GOGC", "")
	was := debug.SetGCPercent(100)
	defer debug.SetGCPercent(was)
	percent := func() int {
		p := debug.SetGCPercent(50)
		debug.SetGCPercent(p)
		return p
	}
	var c collector
	for _, tt := range []struct {
		when string
		do   func()
		want int
	}{
		{"on a small heap", func() { c.fit(1 << 20) }, 400},
		{"on one that grew", func() { c.fit(48 << 20) }, 200},
		{"on one that grew a little", func() { c.fit(49 << 20) }, 200},
		{"while a policy is tried", c.tighten, 100},
		{"after a look meanwhile", func() { c.fit(1 << 20) }, 100},
		{"afterwards", func() { c.relax(); c.fit(192 << 20) }, 50},
	} {
		if tt.do(); percent() != tt.want {
			t.Errorf("%s: %d %%, want %d", tt.when, percent(), tt.want)
		}
	}
}
