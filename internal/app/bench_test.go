package app

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/gate"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/lockout"
	"github.com/dialwarden/dialwarden/internal/watch"
)

// benchLine tells when its caller is let go; nothing else is asked of it.
type benchLine struct {
	gate.Line
	released chan struct{}
}

func (l benchLine) Release(context.Context, call.Release) error {
	close(l.released)
	return nil
}

// BenchmarkGate is a local call from its arrival to its release, with the shipped policy and a real ledger but without
// Asterisk, one after the other: facts, policy, commit.
func BenchmarkGate(b *testing.B) {
	ctx := context.Background()
	dir := b.TempDir()
	key, err := ledger.LoadOrCreateKey(filepath.Join(dir, "ledger.key"))
	if err != nil {
		b.Fatal(err)
	}
	book, err := ledger.Open(filepath.Join(dir, "ledger.db"), key)
	if err != nil {
		b.Fatal(err)
	}
	defer book.Close()
	edition, err := LoadEdition(config.Default())
	if err != nil {
		b.Fatal(err)
	}
	w, err := watch.New(ctx, book, zerolog.Nop())
	if err != nil {
		b.Fatal(err)
	}
	wrong, err := lockout.Open(ctx, book, func() call.Tries { return edition.Book.Handset.Tries })
	if err != nil {
		b.Fatal(err)
	}
	g, err := gate.New(ctx, gate.Config{
		Book: func() *gate.Book { return edition.Book }, Ledger: conversations{book}, Tracker: w, Lockout: wrong,
		Dialogue: call.DefaultDialogue(), Log: zerolog.Nop(),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		line := benchLine{released: make(chan struct{})}
		channel := strconv.Itoa(n)
		g.Arrive(call.Attempt{
			Source: call.SourceARI, Channel: channel, Extension: "101", Dialled: "962345678", At: time.Now(),
		}, "1", line)
		<-line.released
		w.Ended(channel, time.Now(), call.CauseNormalClearing)
		g.Gone(channel)
	}
	if err := g.Stop(ctx); err != nil {
		b.Fatal(err)
	}
}
