package yamlfile

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// scalar is what a scalar node means: nil, bool, int64 (below zero), uint64, float64 or string.
type scalar struct{ value any }

// words are the plain scalars that are no texts.
var words = map[string]any{
	"": nil, "~": nil, "null": nil, "Null": nil, "NULL": nil,
	"true": true, "True": true, "TRUE": true, "false": false, "False": false, "FALSE": false,
	".inf": math.Inf(1), ".Inf": math.Inf(1), ".INF": math.Inf(1),
	"-.inf": math.Inf(-1), "-.Inf": math.Inf(-1), "-.INF": math.Inf(-1),
	".nan": math.NaN(), ".NaN": math.NaN(), ".NAN": math.NaN(),
}

// valueOf resolves a scalar node: yes, no, 1e3 and 2026-01-01 are texts, 010 is the number eight, and what is in quotes
// is a text always.
func valueOf(n *yaml.Node) scalar {
	if !isPlain(n) {
		return scalar{n.Value}
	}
	if v, ok := words[n.Value]; ok {
		return scalar{v}
	}
	if c := n.Value[0]; c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' {
		if v, ok := number(n.Value); ok {
			return scalar{v}
		}
	}
	return scalar{n.Value}
}

// isPlain reports whether a scalar stands without quotes, and not as a block of text.
func isPlain(n *yaml.Node) bool {
	const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	return n.Style&quoted == 0
}

// number reads a number; what has none of its forms, or is too large, is a text.
func number(s string) (any, bool) {
	digits := strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(s, "+"), "-"), "_", "")
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign = "-"
	}
	base := 10
	switch dots := strings.Count(s, "."); {
	case strings.HasPrefix(digits, "0x"):
		digits, base = digits[2:], 16
	case strings.HasPrefix(digits, "0o"):
		digits, base = digits[2:], 8
	case strings.HasPrefix(digits, "0b"):
		digits, base = digits[2:], 2
	case dots == 0 && len(digits) > 1 && digits[0] == '0':
		base = 8
	case dots == 1:
		f, err := strconv.ParseFloat(sign+digits, 64)
		return f, err == nil
	}
	if sign != "" {
		i, err := strconv.ParseInt(sign+digits, base, 64)
		return i, err == nil
	}
	u, err := strconv.ParseUint(digits, base, 64)
	return u, err == nil
}

// misread returns the number that a whole number is read as, if that is not what is written.
func (s scalar) misread(written string) (string, bool) {
	switch s.value.(type) {
	case int64, uint64:
		read := fmt.Sprint(s.value)
		return read, read != written
	}
	return "", false
}

// odd says what is wrong with a scalar that may be anything; it is empty where nothing is.
func (s scalar) odd(written string) string {
	if read, ok := s.misread(written); ok {
		return fmt.Sprintf("%s is read as %s; put digits that are dialled into quotes: %q", written, read, written)
	}
	if f, ok := s.value.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return written + " is no number that a rule can use"
	}
	return ""
}

// kind names what a node is, as a YAML author knows it.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return aList
	case yaml.MappingNode:
		return aMapping
	}
	switch valueOf(n).value.(type) {
	case nil:
		return "nothing"
	case bool:
		return aTruth
	case int64, uint64:
		return aWhole
	case float64:
		return aNumber
	}
	return aText
}

// The kinds of nodes.
const (
	aText    = "a text"
	aTruth   = "true or false"
	aWhole   = "a whole number"
	aNumber  = "a number"
	aList    = "a list"
	aMapping = "a mapping (key: value)"
)
