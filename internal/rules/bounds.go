package rules

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// A built-in function runs to its end even after the deadline. Those whose result can be much larger than their
// arguments (a number that is squared again and again, a text that is replaced into itself) are therefore bounded:
// beyond these sizes they fail, and the call is refused.
const (
	maxDigits = 400     // of a number that is multiplied: as large as a double can be
	maxBytes  = 1 << 20 // of a text that is made
)

func init() {
	bound("mul", boundNumbers)
	bound("product", boundNumbers)
	bound("concat", boundConcat)
	bound("replace", boundReplace)
	bound("strings.replace_n", boundReplace)
	bound("regex.replace", boundReplace)
	bound("sprintf", boundSprintf)
}

// bound puts a check of the arguments in front of a built-in function. OPA has one table of them per process.
func bound(name string, check func(args []*ast.Term) error) {
	do := topdown.GetBuiltin(name)
	topdown.RegisterBuiltinFunc(name, func(b topdown.BuiltinContext, args []*ast.Term, iter func(*ast.Term) error) error {
		if err := check(args); err != nil {
			return err
		}
		return do(b, args, iter)
	})
}

// boundNumbers bounds the digits of all numbers among the arguments together.
func boundNumbers(args []*ast.Term) error {
	digits := 0
	for _, a := range args {
		digits += size(a)
	}
	if digits > maxDigits {
		return fmt.Errorf("numbers of %d digits; %d are the most", digits, maxDigits)
	}
	return nil
}

// boundConcat bounds a joined text: every part, and the separator once for each.
func boundConcat(args []*ast.Term) error {
	parts := 1
	switch v := args[1].Value.(type) {
	case *ast.Array:
		parts = v.Len()
	case ast.Set:
		parts = v.Len()
	}
	return boundBytes(parts, size(args[0]), size(args[1]))
}

// boundReplace bounds a text in which something is replaced: at worst each of its bytes becomes all of the rest.
func boundReplace(args []*ast.Term) error {
	rest := 1
	for _, a := range args[1:] {
		rest += size(a)
	}
	return boundBytes(size(args[0])+1, rest, 0)
}

// boundSprintf bounds a formatted text: at worst each byte of the format shows all arguments, as wide as it says.
func boundSprintf(args []*ast.Term) error {
	format, _ := args[0].Value.(ast.String)
	return boundBytes(len(format), size(args[1])+widest(string(format)), 0)
}

// widest returns the largest width or precision in a format; one that is taken from the arguments counts as too wide.
func widest(format string) int {
	verb, width, most := false, 0, 0
	for _, c := range []byte(format) {
		switch {
		case c == '%':
			verb, width = !verb, 0
		case !verb:
		case c >= '0' && c <= '9':
			width = min(width*10+int(c-'0'), maxBytes)
		case c == '*':
			width = maxBytes
		case c == '.' || c == '[' || c == ']' || c == '+' || c == '-' || c == '#' || c == ' ':
			most, width = max(most, width), 0
		default:
			most, verb = max(most, width), false
		}
	}
	return most
}

// boundBytes fails if times*each+more is larger than a text may become.
func boundBytes(times, each, more int) error {
	if each > maxBytes || more > maxBytes || times > maxBytes || times*each+more > maxBytes {
		return fmt.Errorf("the text could become larger than %d bytes", maxBytes)
	}
	return nil
}

// size counts the bytes of all texts and numbers in a term. It stops counting where it is too much anyway.
func size(t *ast.Term) int {
	n := 0
	count := func(x *ast.Term) {
		if n <= maxBytes {
			n += size(x)
		}
	}
	switch v := t.Value.(type) {
	case ast.String:
		return len(v)
	case ast.Number:
		return len(v)
	case *ast.Array:
		v.Foreach(count)
	case ast.Set:
		v.Foreach(count)
	case ast.Object:
		v.Foreach(func(k, x *ast.Term) { count(k); count(x) })
	default:
		return 1
	}
	return n
}
