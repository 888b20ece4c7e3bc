// Package speech says which sound files speak a prompt. A file is named as Asterisk names it: relative to its directory of
// sounds, without language and ending; Asterisk takes the one in the channel's language.
package speech

import "github.com/dialwarden/dialwarden/internal/call"

// files speaks each prompt. Those of refusals stand in the dialplan.
var files = map[string][]string{
	call.PromptAskPIN: {"confbridge-pin"},
	call.PromptWrong:  {"vm-invalidpassword"},
}

// Of returns the files that speak prompts, one after the other; none for a prompt that there is not.
func Of(prompts ...string) []string {
	var out []string
	for _, p := range prompts {
		out = append(out, files[p]...)
	}
	return out
}
