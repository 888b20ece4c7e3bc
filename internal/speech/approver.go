package speech

import (
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// approver are the prompts that an approver hears on his phone.
var approver = []string{
	call.PromptApproverHello, call.PromptApproverWants, call.PromptApproverKeys, call.PromptApproverPIN,
	call.PromptApproverWrong, call.PromptApproverAllowed, call.PromptApproverRefused, call.PromptApproverGone,
}

// toApprover returns the file of a prompt for an approver, or of the name of a class of calls (class_international); nil
// for anything else.
func toApprover(prompt string) []string {
	class, ok := strings.CutPrefix(prompt, "class_")
	if ok && slices.Contains(call.Classes(), call.Class(class)) || slices.Contains(approver, prompt) {
		return []string{"dialwarden/" + prompt}
	}
	return nil
}

// Digits returns the files that speak a number digit by digit: 0-9, *, # and +. What is no digit is left out.
func Digits(number string) []string {
	var out []string
	for _, key := range number {
		switch {
		case key >= '0' && key <= '9':
			out = append(out, "dialwarden/"+string(key))
		case key == '*':
			out = append(out, "dialwarden/star")
		case key == '#':
			out = append(out, "dialwarden/hash")
		case key == '+':
			out = append(out, "dialwarden/plus")
		}
	}
	return out
}
