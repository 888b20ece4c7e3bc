package app

import (
	"os"
	"runtime"
	"runtime/debug"
)

// A heap that may grow to five times its size is collected seldom, and a caller seldom waits for the collector (with two
// cores, the slowest hundredth of evaluations took 0.1 ms instead of 1.2 ms). A directory of 100,000 phones makes a heap
// of which five times would be too much; what is let grow beside it is bounded, too.
const (
	relaxed = 400       // percent
	strict  = 100       // percent, while a policy is tried
	garbage = 256 << 20 // bytes that may grow beside what is in use, at relaxed
)

// collectStrictly makes the collector strict, unless the environment says how it is to be (GOGC).
func collectStrictly() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(strict)
	}
}

// collectRelaxed collects what a policy that was tried has left behind, and relaxes the collector as far as the size of
// the heap allows.
func collectRelaxed() {
	if os.Getenv("GOGC") != "" {
		return
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	debug.SetGCPercent(relaxation(m.HeapAlloc))
}

// relaxation is the percentage by which a heap of so many bytes may grow.
func relaxation(inUse uint64) int {
	return int(max(20, min(relaxed, 100*garbage/max(1, inUse))))
}
