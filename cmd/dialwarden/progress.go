package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"
)

// drawEvery is how often a bar is drawn.
const drawEvery = 100 * time.Millisecond

// progress draws a bar on a terminal while something long goes on; anywhere else it draws nothing.
type progress struct {
	what  string // is counted
	total int
	began time.Time
	done  atomic.Int64
	stop  chan struct{}
	drawn sync.WaitGroup
}

// newProgress starts the bar. It must be ended.
func newProgress(w io.Writer, what string, total int) *progress {
	p := &progress{what: what, total: total, began: time.Now(), stop: make(chan struct{})}
	f, ok := w.(*os.File)
	if ok && total > 0 && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		p.drawn.Go(func() { p.draw(f) })
	}
	return p
}

// add counts what is done. It may be called by many goroutines.
func (p *progress) add(n int) { p.done.Add(int64(n)) }

// set says how much is done. It may be called by many goroutines.
func (p *progress) set(n int) { p.done.Store(int64(n)) }

// end wipes the bar.
func (p *progress) end() {
	close(p.stop)
	p.drawn.Wait()
}

func (p *progress) draw(w io.Writer) {
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_, _ = io.WriteString(w, "\r\x1b[K"+p.bar(time.Since(p.began)))
		case <-p.stop:
			_, _ = io.WriteString(w, "\r\x1b[K")
			return
		}
	}
}

// barWidth is in characters.
const barWidth = 30

// bar tells how far it is, so long after the beginning, and how long the rest will take.
func (p *progress) bar(since time.Duration) string {
	done := min(int(p.done.Load()), p.total)
	full := barWidth * done / p.total
	text := fmt.Sprintf("[%s%s] %3d %%  %d of %d %s", strings.Repeat("#", full), strings.Repeat(" ", barWidth-full),
		100*done/p.total, done, p.total, p.what)
	if done > 0 && since > time.Second {
		left := time.Duration(float64(since) / float64(done) * float64(p.total-done))
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	return text
}
