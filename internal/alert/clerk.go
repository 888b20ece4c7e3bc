package alert

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
)

// note is something for the ledger: an alert with its receivers, or what became of one.
type note struct {
	alert     *call.Alert
	receivers []string
	delivery  call.Delivery
}

// clerk writes notes into the ledger, in their order. What cannot be written waits; it holds up no delivery.
type clerk struct {
	ledger Ledger
	log    zerolog.Logger
	ready  chan struct{} // holds one token while notes may be waiting

	mu    sync.Mutex
	notes []note
	lost  int // did not fit since nothing was waiting
}

func newClerk(l Ledger, log zerolog.Logger) *clerk {
	return &clerk{ledger: l, log: log, ready: make(chan struct{}, 1)}
}

// push adds a note. Where too many wait, it is lost for the ledger; the alert itself is sent all the same.
func (c *clerk) push(n note) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.notes) >= maxNotes {
		if c.lost++; c.lost == 1 {
			c.log.Error().Int("waiting", len(c.notes)).Msg("the ledger cannot keep more alerts now: those that are raised meanwhile do not outlive the daemon")
		}
		return
	}
	c.notes = append(c.notes, n)
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

// run writes notes until ctx ends, and then once what is left.
func (c *clerk) run(ctx context.Context) {
	for {
		select {
		case <-c.ready:
			c.writeAll(ctx)
		case <-ctx.Done():
			c.writeAll(ctx)
			return
		}
	}
}

// writeAll writes what waits; after ctx has ended it gives up at the first note that cannot be written.
func (c *clerk) writeAll(ctx context.Context) {
	told := false
	for {
		n, ok := c.first()
		if !ok {
			return
		}
		err := c.write(ctx, n)
		if err == nil {
			c.drop()
			continue
		}
		if !told {
			c.log.Error().Err(err).Msg("an alert cannot be kept in the ledger; trying again, and sending it all the same")
			told = true
		}
		select {
		case <-time.After(notePause):
		case <-ctx.Done():
			return
		}
	}
}

func (c *clerk) first() (note, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.notes) == 0 {
		c.lost = 0
		return note{}, false
	}
	return c.notes[0], true
}

// drop removes the first note, which was written.
func (c *clerk) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.notes[0] = note{}
	c.notes = c.notes[1:]
}

func (c *clerk) write(ctx context.Context, n note) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	if n.alert != nil {
		return c.ledger.KeepAlert(ctx, *n.alert, n.receivers)
	}
	return c.ledger.NoteDelivery(ctx, n.delivery)
}

// idle reports whether everything is written.
func (c *clerk) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.notes) == 0
}
