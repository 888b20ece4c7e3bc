package approval

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Longest texts of an answer, in characters.
const (
	mostName   = 100
	mostReason = 500
)

// Pending returns the requests that nobody has answered yet, the oldest first; never nil.
func (r *Room) Pending() []call.PendingApproval {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := []call.PendingApproval{}
	for _, s := range r.searches {
		q := s.request
		all = append(all, call.PendingApproval{
			ID: s.id, Since: s.since.UTC(), Extension: q.Caller.Extension, Holder: q.Caller.Holder, Department: q.Caller.Department,
			Number: q.Number.Key(), Class: q.Number.Class, Rule: q.Rule, Reason: q.Reason,
			Approvers: append([]string{}, q.Approvers...), Asking: s.asking,
		})
	}
	slices.SortFunc(all, func(a, b call.PendingApproval) int {
		return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.ID, b.ID))
	})
	return all
}

// Answer answers a pending request; the phone that rings for it stops. The error is call.ErrNoApproval,
// call.ErrApprovalAnswered, call.ErrApprovalOver, call.ErrOwnApproval or call.ErrApprovalReply, with what is to be said of it.
func (r *Room) Answer(id string, reply call.ApprovalReply) error {
	reply.Who, reply.Reason = strings.TrimSpace(reply.Who), strings.TrimSpace(reply.Reason)
	if err := check(reply); err != nil {
		return err
	}
	s, a, err := r.take(id, reply)
	if err != nil {
		return err
	}
	s.inbox.Push(Outside{a.Outcome})
	s.tell(a)
	return nil
}

// take claims the request for an answer.
func (r *Room) take(id string, reply call.ApprovalReply) (*search, call.ApprovalAnswer, error) {
	a := call.ApprovalAnswer{
		Outcome: call.ApprovalRefused, Approver: call.Credential{Valid: true, Holder: reply.Who}, Via: reply.Via, Reason: reply.Reason,
	}
	if reply.Allow {
		a.Outcome = call.Approved
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.searches[id]
	if s == nil {
		if was, ok := r.past[id]; ok {
			return nil, a, fmt.Errorf("approval %s: %w", id, was.err)
		}
		return nil, a, fmt.Errorf("%w: there is none %s; the list tells which there are", call.ErrNoApproval, strconv.Quote(id))
	}
	if c := s.request.Caller; sameName(reply.Who, c.Holder) || sameName(reply.Who, c.Extension) ||
		sameName(reply.Who, c.Extension+" "+c.Holder) {
		return nil, a, fmt.Errorf("approval %s: %w: it is the call of %s", id, call.ErrOwnApproval, reply.Who)
	}
	r.claimed(s, late(a))
	return s, a, nil
}

// asked is whose phone a search has.
func (r *Room) asked(s *search) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return s.asking
}

// late is what somebody is told whose answer comes after a.
func late(a call.ApprovalAnswer) error {
	switch a.Outcome {
	case call.Approved:
		return fmt.Errorf("%w: %s has allowed the call", call.ErrApprovalAnswered, a.Name())
	case call.ApprovalRefused:
		return fmt.Errorf("%w: %s has refused the call", call.ErrApprovalAnswered, a.Name())
	}
	return fmt.Errorf("%w: no approver could be reached on the phone", call.ErrApprovalOver)
}

// check finds what is wrong with an answer before it is taken.
func check(reply call.ApprovalReply) error {
	printable := func(s string) bool {
		return utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return !strconv.IsPrint(c) })
	}
	switch {
	case reply.Who == "":
		return fmt.Errorf("%w: who must say who answers", call.ErrApprovalReply)
	case utf8.RuneCountInString(reply.Who) > mostName || !printable(reply.Who):
		return fmt.Errorf("%w: who must be a name of at most %d characters on one line", call.ErrApprovalReply, mostName)
	case utf8.RuneCountInString(reply.Reason) > mostReason || !printable(reply.Reason):
		return fmt.Errorf("%w: reason must be a text of at most %d characters on one line", call.ErrApprovalReply, mostReason)
	}
	return nil
}
