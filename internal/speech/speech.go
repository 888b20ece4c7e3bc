// Package speech says which sound files speak a prompt. A file is named as Asterisk names it: relative to its directory of
// sounds, without language and ending; Asterisk takes the one in the channel's language.
package speech

import "github.com/dialwarden/dialwarden/internal/call"

// files speaks each prompt. Those of refusals stand in the dialplan.
var files = map[string][]string{
	call.PromptPIN:      {"confbridge-pin"},
	call.PromptPINAgain: {"vm-invalidpassword", "confbridge-pin"},
}

// Of returns the files that speak a prompt, one after the other; none for a prompt that there is not.
func Of(prompt string) []string {
	if own, ok := files[prompt]; ok {
		return own
	}
	return toApprover(prompt)
}
