package control_test

import (
	"fmt"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/control"
)

// approvals are a daemon's, made of one function.
type approvals func(id string, r call.ApprovalReply) error

func (a approvals) Pending() []call.PendingApproval {
	return []call.PendingApproval{{ID: "k7", Holder: "李伟", Number: "+8621", Approvers: []string{"104"}}}
}
func (a approvals) Answer(id string, r call.ApprovalReply) error { return a(id, r) }

func TestApprovals(t *testing.T) {
	var got []string
	socket, _ := daemon(t, control.Verbs{Approvals: approvals(func(id string, r call.ApprovalReply) error {
		got = append(got, fmt.Sprint(id, r))
		if id == "k/8" {
			return fmt.Errorf("approval %s: %w", id, call.ErrApprovalAnswered)
		}
		return nil
	})})
	c := dial(t, socket)
	pending, err := c.PendingApprovals(t.Context())
	if err != nil || len(pending) != 1 || pending[0].Number != "+8621" || pending[0].Approvers[0] != "104" {
		t.Errorf("pending are %+v, %v", pending, err)
	}
	if err := c.AnswerApproval(t.Context(), "k7", call.ApprovalReply{Allow: true, Who: "telecom", Reason: "urgent"}); err != nil {
		t.Error(err)
	}
	if err := c.AnswerApproval(t.Context(), "k/8", call.ApprovalReply{Who: "telecom"}); err == nil || err.Error() != "approval k/8: already answered" {
		t.Errorf("got %v", err)
	}
	if len(got) != 2 || got[0] != "k7{true telecom urgent command}" || got[1] != "k/8{false telecom  command}" {
		t.Errorf("answered %q", got)
	}
}
