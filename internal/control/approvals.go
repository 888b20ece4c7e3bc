package control

import (
	"context"
	"net/http"
	"net/url"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Approvals are the calls that wait for somebody's yes.
type Approvals interface {
	Pending() []call.PendingApproval
	Answer(id string, reply call.ApprovalReply) error
}

// approvalAnswer is the request to answer a pending approval.
type approvalAnswer struct {
	Allow  bool   `json:"allow"`
	Who    string `json:"who"`
	Reason string `json:"reason"`
}

func handleApprovals(mux *http.ServeMux, a Approvals) {
	mux.HandleFunc("POST /approvals", answer(func(*http.Request) (any, error) {
		return map[string]any{"approvals": a.Pending()}, nil
	}))
	mux.HandleFunc("POST /approvals/{id}", answer(func(r *http.Request) (any, error) {
		var in approvalAnswer
		if err := decode(r, largestBody, &in); err != nil {
			return nil, err
		}
		return struct{}{}, a.Answer(r.PathValue("id"), call.ApprovalReply{
			Allow: in.Allow, Who: in.Who, Reason: in.Reason, Via: call.ViaCommand,
		})
	}))
}

// PendingApprovals asks the daemon which calls wait for approval.
func (c *Client) PendingApprovals(ctx context.Context) ([]call.PendingApproval, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var out struct{ Approvals []call.PendingApproval }
	err := c.post(ctx, "/approvals", nil, &out)
	return out.Approvals, err
}

// AnswerApproval has the daemon take somebody's answer to a pending approval; reply.Via is always call.ViaCommand.
func (c *Client) AnswerApproval(ctx context.Context, id string, reply call.ApprovalReply) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return c.post(ctx, "/approvals/"+url.PathEscape(id), approvalAnswer{reply.Allow, reply.Who, reply.Reason}, nil)
}
