package app

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// A heap that may grow to several times its size is collected seldom, and a caller seldom waits for the collector (with two
// cores, the slowest hundredth of evaluations took 0.1 ms instead of 1.2 ms). What may grow beside what is in use is
// bounded: a directory of 100,000 phones makes a large heap, and a thousand calls must not take five times the memory that
// is theirs.
const (
	relaxed = 400      // percent, at most
	strict  = 100      // percent, while a policy is tried
	garbage = 96 << 20 // bytes that may grow beside what is in use
)

// refit is how often the collector is fitted to the heap; only a difference of so many percent is worth the moment at which
// nothing runs.
const (
	refit     = 15 * time.Second
	different = 5
)

// collector sets how far the heap may grow before it is collected, unless the environment says it (GOGC).
type collector struct {
	mu      sync.Mutex
	trial   bool // of a policy
	percent int  // in force
}

func (c *collector) set(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
		c.percent = percent
	}
}

// tighten makes the collector strict until relax.
func (c *collector) tighten() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trial = true
	c.set(strict)
}

// relax collects what a policy that was tried has left behind, and relaxes the collector.
func (c *collector) relax() {
	runtime.GC()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trial = false
	c.set(relaxation(inUse()))
}

// run fits the collector to the heap as that grows and shrinks, until ctx ends.
func (c *collector) run(ctx context.Context) {
	tick := time.NewTicker(refit)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.fit(inUse())
		case <-ctx.Done():
			return
		}
	}
}

// fit relaxes the collector as is right for so many bytes in use; one that was tightened stays strict.
func (c *collector) fit(inUse uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := relaxation(inUse); !c.trial && (p < c.percent-different || p > c.percent+different) {
		c.set(p)
	}
}

// inUse is how many bytes of the heap the last collection has found in use.
func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// relaxation is the percentage by which a heap of so many bytes may grow.
func relaxation(inUse uint64) int {
	return int(max(20, min(relaxed, 100*garbage/max(1, inUse))))
}
