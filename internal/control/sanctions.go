package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Sanctions ends what was imposed.
type Sanctions interface {
	// LiftSanction ends a suspension before its time; waive says that the fine is not wanted either.
	LiftSanction(ctx context.Context, id int64, who, reason string, waive bool) error
}

// lifting is the request to lift a sanction.
type lifting struct {
	Who    string `json:"who"`
	Reason string `json:"reason"`
	Waive  bool   `json:"waive"`
}

func handleSanctions(mux *http.ServeMux, s Sanctions) {
	mux.HandleFunc("POST /sanctions/{id}/lift", answer(func(r *http.Request) (any, error) {
		id, err := idOf(r, "sanction")
		if err != nil {
			return nil, err
		}
		var in lifting
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, largestBody)).Decode(&in); err != nil {
			return nil, errUnread
		}
		return struct{}{}, s.LiftSanction(r.Context(), id, in.Who, in.Reason, in.Waive)
	}))
}

// LiftSanction has the daemon lift a sanction.
func (c *Client) LiftSanction(ctx context.Context, id int64, who, reason string, waive bool) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return c.post(ctx, fmt.Sprintf("/sanctions/%d/lift", id), lifting{who, reason, waive}, nil)
}
