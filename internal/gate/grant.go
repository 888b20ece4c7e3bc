package gate

import (
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// grant is a phone that stays open for the holder of a PIN, so that he need not type it for each call. It is kept in
// memory only: a restart closes it.
type grant struct {
	pin   call.Credential
	reach call.Reach
	until time.Time
}

// open lets the holder of a PIN call from a phone again without it, as far and as long as the PIN itself is good.
func (g *Gate) open(extension string, pin call.Credential, reach call.Reach, policy call.Grant) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	for e, open := range g.grants {
		if !now.Before(open.until) {
			delete(g.grants, e)
		}
	}
	until := now.Add(policy.For)
	if end := reach.Until; !end.IsZero() && end.Before(until) {
		until = now.Add(end.Sub(now))
	}
	g.grants[extension] = grant{pin, reach, until}
}

// granted is the PIN that a phone is open by for what it dials; it is not Valid where there is none. The mutex is held.
func (g *Gate) granted(b *Book, a call.Attempt) call.Credential {
	open, ok := g.grants[a.Extension]
	if !ok || !time.Now().Before(open.until) {
		return call.Credential{}
	}
	if class := b.Numbers.Classify(a.Dialled).Class; !b.Handset.Grant.Opens(class) || !open.reach.Covers(class) {
		return call.Credential{}
	}
	return open.pin
}

// Close closes an open phone and reports whether it was open.
func (g *Gate) Close(extension string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	open, ok := g.grants[extension]
	delete(g.grants, extension)
	return ok && time.Now().Before(open.until)
}

// CloseAll closes every phone that is open: PINs have changed.
func (g *Gate) CloseAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.grants)
}
