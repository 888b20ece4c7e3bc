package rules

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
)

// What a prompt and a trunk may be called: the names become parts of the dialplan.
var (
	promptName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	trunkName  = regexp.MustCompile(`^[a-z0-9_]{1,20}$`)
)

// The readers below set a field of a member, or say what is wrong with the value in words that follow the field's name.

// readReason reads a text for people, as one line.
func readReason(to *string, v ast.Value) error {
	s, ok := v.(ast.String)
	if !ok {
		return fmt.Errorf("is %s; wanted is a text", kindOf(v))
	}
	line := strings.Join(strings.FieldsFunc(string(s), unicode.IsControl), " ")
	if len(line) > maxText {
		line = strings.ToValidUTF8(line[:maxText], "")
	}
	*to = strings.TrimSpace(line)
	return nil
}

func readText(to *string, v ast.Value) error {
	s, ok := v.(ast.String)
	switch {
	case !ok:
		return fmt.Errorf("is %s; wanted is a text", kindOf(v))
	case s == "" || len(s) > maxText || strings.ContainsFunc(string(s), unicode.IsControl):
		return fmt.Errorf("is not one line of 1 to %d bytes", maxText)
	}
	*to = string(s)
	return nil
}

func readPrompt(to *string, v ast.Value) error {
	return readName(to, v, promptName, "a name has at most 32 small letters, digits and _ and begins with a letter")
}

func readTrunk(to *string, v ast.Value) error {
	return readName(to, v, trunkName, "a name has at most 20 small letters, digits and _")
}

func readName(to *string, v ast.Value, form *regexp.Regexp, wanted string) error {
	s, ok := v.(ast.String)
	switch {
	case !ok:
		return fmt.Errorf("is %s; wanted is a name", kindOf(v))
	case !form.MatchString(string(s)):
		return fmt.Errorf("is %s; %s", clip(v), wanted)
	}
	*to = string(s)
	return nil
}

func readDigits(to *string, v ast.Value) error {
	s, ok := v.(ast.String)
	switch {
	case !ok:
		return fmt.Errorf("is %s; wanted are digits in quotes", kindOf(v))
	case !call.IsDialString(string(s)):
		return fmt.Errorf("is %s; a number is at most %d of 0-9, *, # and a + in front", clip(v), call.MaxDialled)
	}
	*to = string(s)
	return nil
}

func readWhole[T int | int64](to *T, v ast.Value, least, most int64) error {
	n, ok := v.(ast.Number)
	if !ok {
		return fmt.Errorf("is %s; wanted is a whole number", kindOf(v))
	}
	i, ok := n.Int64()
	if !ok || i < least || i > most {
		return fmt.Errorf("is %s; wanted is a whole number from %d to %d", clip(v), least, most)
	}
	*to = T(i)
	return nil
}

func readSuspend(to *string, v ast.Value) error {
	s, ok := v.(ast.String)
	if !ok || s != call.SuspendExtension && s != call.SuspendPIN {
		return fmt.Errorf("is %s; wanted is %q or %q, or the field left out", clip(v), call.SuspendExtension, call.SuspendPIN)
	}
	*to = string(s)
	return nil
}

// kinds are the credentials that a require rule may name.
var kinds = []call.CredentialKind{call.PIN, call.Token, call.Approval, call.Matter}

func readKinds(to *[]call.CredentialKind, v ast.Value) error {
	var list []*ast.Term
	switch v := v.(type) {
	case *ast.Array:
		v.Foreach(func(t *ast.Term) { list = append(list, t) })
	case ast.Set:
		list = v.Slice()
	default:
		return fmt.Errorf("is %s; wanted is a list", kindOf(v))
	}
	if len(list) == 0 {
		return errors.New("is empty, so that nothing could meet it")
	}
	for _, t := range list {
		s, _ := t.Value.(ast.String)
		kind := call.CredentialKind(s)
		if !slices.Contains(kinds, kind) {
			return fmt.Errorf("holds %s; there are %v", clip(t.Value), kinds)
		}
		if !slices.Contains(*to, kind) {
			*to = append(*to, kind)
		}
	}
	return nil
}

// maxApprovers is how many approvers a member may name.
const maxApprovers = 20

// readExtensions reads extensions in their order, each once. A set has no order.
func readExtensions(to *[]string, v ast.Value) error {
	list, ok := v.(*ast.Array)
	switch {
	case !ok:
		return fmt.Errorf("is %s; wanted is a list of extensions, in the order in which they are asked", kindOf(v))
	case list.Len() > maxApprovers:
		return fmt.Errorf("has %d extensions; %d are the most", list.Len(), maxApprovers)
	}
	for i := range list.Len() {
		s, ok := list.Elem(i).Value.(ast.String)
		if !ok || !isExtension(string(s)) {
			return fmt.Errorf("holds %s; wanted is an extension in quotes, like \"101\"", clip(list.Elem(i).Value))
		}
		if !slices.Contains(*to, string(s)) {
			*to = append(*to, string(s))
		}
	}
	return nil
}

// isExtension reports whether a phone can have this extension.
func isExtension(s string) bool { return call.IsDialString(s) && !strings.HasPrefix(s, "+") }

// kindOf names the type of a value.
func kindOf(v ast.Value) string {
	switch v.(type) {
	case ast.Null:
		return "null"
	case ast.Boolean:
		return "true or false"
	case ast.Number:
		return "a number"
	case ast.String:
		return "a text"
	case *ast.Array:
		return "a list"
	case ast.Set:
		return "a set"
	case ast.Object:
		return "an object"
	}
	return "no value"
}

// clip shows a value in a message, not more than is useful of it.
func clip(v ast.Value) string {
	s := v.String()
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}
