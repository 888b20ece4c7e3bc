package control

import (
	"context"
	"net/http"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Lines are the guarded lines and the trunks.
type Lines interface {
	LinesStatus() call.LinesStatus
}

func handleLines(mux *http.ServeMux, l Lines) {
	mux.HandleFunc("POST /lines", answer(func(*http.Request) (any, error) { return l.LinesStatus(), nil }))
}

// LinesStatus asks the daemon how guarded lines, trunks and bookings stand.
func (c *Client) LinesStatus(ctx context.Context) (call.LinesStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var out call.LinesStatus
	err := c.post(ctx, "/lines", nil, &out)
	return out, err
}
