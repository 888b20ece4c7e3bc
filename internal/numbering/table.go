package numbering

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// kind says what numbers with one prefix are.
type kind struct {
	name    string
	prefix  string // as the plan writes it
	class   call.Class
	lengths lengths
	risk    []string
	region  string // of a foreign number, empty where the library is to say
	wild    int    // how many digits of the prefix are X
	at      position
}

// lengths is a set of numbers of digits: bit n stands for n digits.
type lengths uint64

const anyLength lengths = 1<<(call.MaxDialled+1) - 1

func (l lengths) has(n int) bool { return l>>n&1 == 1 }

// table finds what a number is by its longest prefix.
type table struct {
	kinds   map[string][]*kind // those of one prefix differ in their lengths
	longest int                // digits of the longest prefix
}

// add enters k under prefix; it returns an entry that already says something else about the same numbers. A prefix
// with fewer X in it replaces one with more.
func (t *table) add(prefix string, k *kind) *kind {
	if t.kinds == nil {
		t.kinds = map[string][]*kind{}
	}
	var kept []*kind
	for _, other := range t.kinds[prefix] {
		switch {
		case other.wild < k.wild:
			return nil
		case other.wild > k.wild:
			continue
		case k.lengths&other.lengths != 0:
			return other
		}
		kept = append(kept, other)
	}
	t.kinds[prefix] = append(kept, k)
	t.longest = max(t.longest, len(prefix))
	return nil
}

// fit returns the entry of the longest prefix of s, if it allows the length of s; else nil. A shorter prefix is not
// asked: a premium number with digits too many must not pass for something cheaper.
func (t *table) fit(s string) *kind {
	return fitting(t.under(s), len(s))
}

// under returns the entries of the longest prefix of s.
func (t *table) under(s string) []*kind {
	for n := min(len(s), t.longest); n > 0; n-- {
		if kinds, ok := t.kinds[s[:n]]; ok {
			return kinds
		}
	}
	return nil
}

// whole returns the entry whose prefix is all of s, or nil.
func (t *table) whole(s string) *kind { return fitting(t.kinds[s], len(s)) }

func fitting(kinds []*kind, length int) *kind {
	for _, k := range kinds {
		if k.lengths.has(length) {
			return k
		}
	}
	return nil
}

// maxExpansion bounds how many prefixes one pattern may stand for.
const maxExpansion = 1000

// expand returns the prefixes that a pattern stands for, and the number of X in it. A pattern is a prefix ("168"), a
// range of prefixes ("130-139") or a prefix with X for any digit ("1XXX976").
func expand(pattern string) (prefixes []string, wild int, err error) {
	if low, high, ok := strings.Cut(pattern, "-"); ok {
		prefixes, err = expandRange(low, high)
		return prefixes, 0, err
	}
	prefixes = []string{""}
	for _, c := range []byte(pattern) {
		digits := string(c)
		switch {
		case c == 'X':
			digits, wild = "0123456789", wild+1
		case !isDigits(digits) && c != '*' && c != '#':
			return nil, 0, fmt.Errorf("%q is no prefix; write digits, X for any digit, or a range such as \"130-139\"", pattern)
		}
		if len(prefixes)*len(digits) > maxExpansion {
			return nil, 0, fmt.Errorf("%q stands for more than %d prefixes; write a shorter one", pattern, maxExpansion)
		}
		longer := make([]string, 0, len(prefixes)*len(digits))
		for _, p := range prefixes {
			for _, d := range []byte(digits) {
				longer = append(longer, p+string(d))
			}
		}
		prefixes = longer
	}
	if pattern == "" {
		return nil, 0, fmt.Errorf("the prefix is empty")
	}
	return prefixes, wild, nil
}

// expandRange returns all numbers from low to high, which have the same number of digits.
func expandRange(low, high string) ([]string, error) {
	wrong := fmt.Errorf("%q is no range; write two prefixes of the same length, the lower one first, such as \"130-139\"", low+"-"+high)
	if !isDigits(low) || !isDigits(high) || len(low) != len(high) || len(low) > 9 || low >= high {
		return nil, wrong
	}
	from, err := strconv.Atoi(low)
	if err != nil {
		return nil, wrong
	}
	to, err := strconv.Atoi(high)
	if err != nil {
		return nil, wrong
	}
	if to-from >= maxExpansion {
		return nil, fmt.Errorf("%q stands for more than %d prefixes; write a shorter one", low+"-"+high, maxExpansion)
	}
	prefixes := make([]string, 0, to-from+1)
	for i := from; i <= to; i++ {
		prefixes = append(prefixes, fmt.Sprintf("%0*d", len(low), i))
	}
	return prefixes, nil
}

// isDigits reports whether s is one or more of 0-9.
func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// matchPattern reports whether s begins with pattern, where X is any digit.
func matchPattern(pattern, s string) bool {
	if len(s) < len(pattern) {
		return false
	}
	for i := range len(pattern) {
		if pattern[i] != s[i] && (pattern[i] != 'X' || s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}
