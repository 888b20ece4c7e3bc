package app

import (
	"context"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/gate"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// past is the ledger as the watch wants it: earlier calls with what the policy in force makes of them. It satisfies
// watch.Ledger.
type past struct {
	*ledger.Ledger
	book *gate.Book
}

// Past says of earlier calls whether they count as attempts after hours, too.
func (p past) Past(ctx context.Context, since time.Time) (call.Past, error) {
	all, err := p.Ledger.Past(ctx, since)
	for i := range all.Calls {
		c := &all.Calls[i]
		f := call.Facts{Time: call.ClockAt(c.At, p.book.Zone), Callee: call.Callee{Number: call.Number{Class: c.Class}}}
		if p.book.Lookup != nil {
			p.book.Lookup(&f)
		}
		c.AfterHours = p.book.AfterHours != nil && p.book.AfterHours(&f)
	}
	return all, err
}
