package dialpaths

import "strings"

// split cuts a text at each sep that stands in no quotes, brackets, ${…} or $[…]. A backslash takes a byte's meaning away.
func split(text string, sep byte) []string {
	var parts []string
	begin, depth, quoted := 0, 0, false
	quotes := strings.Count(text, `"`)%2 == 0 // an odd one is a quote of nothing
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '"' && quotes:
			quoted = !quoted
		case quoted && c != '{' && c != '}':
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth = max(0, depth-1)
		case c == sep && depth == 0:
			parts = append(parts, text[begin:i])
			begin = i + 1
		}
	}
	return append(parts, text[begin:])
}

// arg is the i-th of some arguments, without the space around it; empty where there are fewer.
func arg(args []string, i int) string {
	if i >= len(args) {
		return ""
	}
	return strings.TrimSpace(args[i])
}

// rest are the arguments from the i-th on.
func rest(args []string, i int) []string { return args[min(i, len(args)):] }

// matching is the index of the bracket that closes the one at open; -1 for none.
func matching(text string, open int) int {
	closing := map[byte]byte{'(': ')', '[': ']', '{': '}'}[text[open]]
	depth := 0
	for i := open; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[open]:
			depth++
		case closing:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// branches returns then and else of condition?then:else, without those that are empty.
func branches(text string) (sides []string) {
	parts := split(text, '?')
	if len(parts) == 1 {
		return nil
	}
	for _, side := range split(strings.Join(parts[1:], "?"), ':') {
		if side = strings.TrimSpace(side); side != "" {
			sides = append(sides, side)
		}
	}
	return sides
}

// option returns the argument in parentheses of an option letter, as of G in "tG(out^s^1)i"; has tells whether the
// letter is there at all. sure is false where the options hold a variable.
func option(options string, letter byte) (value string, has, sure bool) {
	sure = !strings.Contains(options, "$")
	for i := 0; i < len(options); i++ {
		end := i
		if i+1 < len(options) && options[i+1] == '(' {
			if end = matching(options, i+1); end < 0 {
				end = len(options) - 1
			}
		}
		if options[i] == letter {
			if end > i+1 {
				value = options[i+2 : end]
			}
			return value, true, sure
		}
		if options[i] == '$' && i+1 < len(options) && options[i+1] == '{' {
			if end = matching(options, i+1); end < 0 {
				end = len(options) - 1
			}
		}
		i = end
	}
	return "", false, sure
}
