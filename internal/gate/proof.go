package gate

import (
	"context"
	"errors"
	"slices"

	"github.com/dialwarden/dialwarden/internal/call"
)

// judged adds to a challenge what can be asked of the caller; nobody waits for that where nothing is asked.
func (c *conversation) judged(d call.Decision) call.Judged {
	j := call.Judged{Decision: d}
	if d.Action == call.Challenge {
		j.Locked, j.CanApprove, j.Approvers = c.gate.Lockout.Locked(c.attempt.Extension), c.canApprove(), c.approvers()
	}
	return j
}

// verify looks up what the caller has typed. Digits that somebody could guess may have to wait for their turn, and the
// caller can hang up meanwhile: the answer comes later.
func (c *conversation) verify(ctx context.Context, v call.Verify) call.Event {
	if slices.Contains(v.Kinds, call.Matter) {
		return call.Verified{Verdict: c.matter(v.Digits.Reveal())}
	}
	go func() {
		c.inbox.Push(c.prove(ctx, call.Claim{
			Kinds: v.Kinds, Digits: v.Digits, Extension: c.attempt.Extension, Number: c.facts.Callee.Number,
		}))
	}()
	return nil
}

// prove has digits looked up, unless too many were wrong before.
func (c *conversation) prove(ctx context.Context, claim call.Claim) call.Verified {
	var out call.Verified
	out.Locked, out.Err = c.gate.Lockout.Look(ctx, claim.Extension, func(ctx context.Context) (wrong bool, err error) {
		ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
		defer cancel()
		out.Verdict, err = c.gate.Ledger.Prove(ctx, claim)
		return out.Verdict.Fault.Guessed(), err
	})
	if out.Err != nil {
		c.log.Error().Err(out.Err).Msg("the PIN or token could not be looked up")
	}
	return out
}

// matter says whether digits are the code of a matter.
func (c *conversation) matter(code string) call.Verdict {
	if _, ok := c.book.Handset.Matters.Has(code); !ok {
		return call.Verdict{Fault: call.FaultUnknown}
	}
	return call.Verdict{Kind: call.Matter, Credential: call.Credential{Valid: true, Code: code}}
}

// changePIN gives a PIN other digits. Phones that were open by the old ones are closed. Digits that are somebody's already
// count as a wrong try, and nobody is told, or PINs could be found out this way.
func (c *conversation) changePIN(ctx context.Context, cmd call.ChangePIN) call.Event {
	go func() { c.inbox.Push(call.Changed{Err: c.change(ctx, cmd)}) }()
	return nil
}

func (c *conversation) change(ctx context.Context, cmd call.ChangePIN) error {
	taken := false
	locked, err := c.gate.Lockout.Look(ctx, c.attempt.Extension, func(ctx context.Context) (wrong bool, err error) {
		ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
		defer cancel()
		err = c.gate.Ledger.ChangePIN(ctx, cmd.ID, cmd.Digits)
		if taken = errors.Is(err, call.ErrPINTaken); taken {
			err = nil
		}
		return taken, err
	})
	switch {
	case locked:
		err = errors.New("too many wrong PINs were typed before")
	case err == nil && taken:
		err = call.ErrPINUnfit
	case err == nil:
		c.gate.CloseAll()
		c.log.Info().Int64("pin", cmd.ID).Str("extension", c.attempt.Extension).Msg("a PIN was changed on the handset")
	}
	if err != nil && !errors.Is(err, call.ErrPINUnfit) {
		c.log.Error().Err(err).Msg("the PIN could not be changed")
	}
	return err
}

// canApprove reports whether somebody can be asked to approve the call.
func (c *conversation) canApprove() bool {
	return c.gate.Approvals != nil && c.gate.Approvals.Available()
}

// approvers are those whom the policy's data names for this caller. Another phone of his own is none.
func (c *conversation) approvers() []string {
	caller := c.facts.Caller
	return slices.DeleteFunc(c.book.Handset.Approvers.For(caller), func(extension string) bool {
		return caller.Holder != "" && c.book.Directory[extension].Holder == caller.Holder
	})
}

// seek has somebody asked to approve the call.
func (c *conversation) seek(cmd call.SeekApproval) call.Event {
	if !c.canApprove() {
		return call.ApprovalAnswer{Outcome: call.ApprovalUnavailable}
	}
	policy, caller := c.book.Handset.Approvers, c.facts.Caller
	caller.Extension = c.attempt.Extension
	c.cancel = c.gate.Approvals.Seek(call.ApprovalRequest{
		Channel: c.attempt.Channel, Caller: caller, Number: c.facts.Callee.Number, Rule: cmd.Rule, Reason: cmd.Reason,
		Approvers: cmd.Approvers, Ring: policy.Ring, PIN: policy.PIN, Level: policy.Level,
	}, func(a call.ApprovalAnswer) { c.inbox.Push(a) })
	return nil
}
