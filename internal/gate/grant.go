package gate

import (
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// grant is a phone that stays open for the holder of a PIN, so that he need not type it for each call. It is kept in
// memory only: a restart closes it.
type grant struct {
	pin   call.Credential
	until time.Time
}

// open lets the holder of a PIN call from a phone again without it.
func (g *Gate) open(extension string, pin call.Credential, policy call.Grant) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	for e, open := range g.grants {
		if !now.Before(open.until) {
			delete(g.grants, e)
		}
	}
	g.grants[extension] = grant{pin, now.Add(policy.For)}
}

// granted is the PIN that a phone is open by for a class of numbers; it is not Valid where there is none. The mutex is held.
func (g *Gate) granted(extension string, c call.Class, policy call.Grant) call.Credential {
	if open, ok := g.grants[extension]; ok && time.Now().Before(open.until) && policy.Opens(c) {
		return open.pin
	}
	return call.Credential{}
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
