package call

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// The contexts of our dialplan that a decided call goes on in, whichever adapter sends it there.
const (
	ContextReleased = "dialwarden-released"
	ContextRefused  = "dialwarden-refused"
)

// LongestCall is the cap in seconds of a call that the policy does not cap: a line that was forgotten off the hook ends at
// last.
const LongestCall = 24 * 60 * 60

// Extension returns the extension of [dialwarden-released] that lets the call out: it carries the decision, as the
// dialplan describes it. The nonce is that of the channel's entry, without which the dialplan lets nobody out.
func (r Release) Extension(nonce string) string {
	where, limit, ring := "out", r.MaxSeconds, ""
	switch {
	case r.Internal:
		where = "in"
	case r.Urgent:
		where = "urgent"
	}
	if limit <= 0 || limit > LongestCall {
		limit = LongestCall
	}
	if r.RingSeconds > 0 {
		ring = strconv.Itoa(r.RingSeconds)
	}
	extension := fmt.Sprintf("%d-%s-%s-%s-%d-%d-%s", r.DecisionID, nonce, where, r.Number, limit, max(r.WarnSeconds, 0), ring)
	if r.Warning != "" {
		extension += "-" + path.Base(r.Warning)
	}
	return extension
}

// Extension returns the extension of [dialwarden-refused] that speaks the prompt and hangs up with the cause.
func (r Refusal) Extension() string {
	prompt, cause := r.Prompt, r.Cause
	if prompt == "" {
		prompt = PromptRefused
	}
	if cause <= 0 || cause > 127 {
		cause = CauseCallRejected
	}
	return fmt.Sprintf("%d-%d-%s", r.DecisionID, cause, prompt)
}

// PayerUnknown is who pays for a call, in the dialplan's words, if nobody can say that: he has no extension.
const PayerUnknown = "unknown"

// EndpointNumber returns the endpoint of a channel name (PJSIP/101-0000002a: 101) if it is a number, else nothing: the
// phone cannot choose that, while it may choose its caller ID.
func EndpointNumber(channelName string) string {
	tech, rest, ok := strings.Cut(channelName, "/")
	dash := strings.LastIndexByte(rest, '-')
	if !ok || dash <= 0 || (tech != "PJSIP" && tech != "SIP" && tech != "IAX2") {
		return ""
	}
	endpoint := rest[:dash]
	if strings.Trim(endpoint, "0123456789") != "" {
		return ""
	}
	return endpoint
}
