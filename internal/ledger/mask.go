package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// shownDigits is how many digits of a masked number are shown, its last.
const shownDigits = 4

// Mask hides all but the last four digits of a number.
func Mask(number string) string {
	hidden := strings.Count(strings.Map(digitsOnly, number), "0") - shownDigits
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' || hidden <= 0 {
			return r
		}
		hidden--
		return '*'
	}, number)
}

func digitsOnly(r rune) rune {
	if r < '0' || r > '9' {
		return -1
	}
	return '0'
}

// MaskText masks every number of five digits or more in a text.
func MaskText(text string) string {
	var out strings.Builder
	for len(text) > 0 {
		n := strings.IndexFunc(text, func(r rune) bool { return r >= '0' && r <= '9' })
		if n < 0 {
			break
		}
		out.WriteString(text[:n])
		text = text[n:]
		end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(text)
		}
		out.WriteString(Mask(text[:end]))
		text = text[end:]
	}
	return out.String() + text
}

// idRanges is a set of ids that is small where they follow one another.
type idRanges []span64

type span64 struct{ first, last int64 }

// add adds an id that is above all that are there.
func (s *idRanges) add(id int64) {
	if n := len(*s); n > 0 && (*s)[n-1].last == id-1 {
		(*s)[n-1].last = id
		return
	}
	*s = append(*s, span64{id, id})
}

// String writes the set like 1-500 503.
func (s idRanges) String() string {
	words := make([]string, len(s))
	for i, x := range s {
		words[i] = strconv.FormatInt(x.first, 10)
		if x.last != x.first {
			words[i] += "-" + strconv.FormatInt(x.last, 10)
		}
	}
	return strings.Join(words, " ")
}

// parseIDs reads what String has written.
func parseIDs(text string) (idRanges, error) {
	var s idRanges
	for _, word := range strings.Fields(text) {
		first, last, isSpan := strings.Cut(word, "-")
		if !isSpan {
			last = first
		}
		a, err := strconv.ParseInt(first, 10, 64)
		b, err2 := strconv.ParseInt(last, 10, 64)
		if err != nil || err2 != nil || a > b {
			return nil, fmt.Errorf("%q are no ids", word)
		}
		s = append(s, span64{a, b})
	}
	return s, nil
}

// sorted returns the set in order.
func (s idRanges) sorted() idRanges {
	slices.SortFunc(s, func(a, b span64) int { return cmp.Compare(a.first, b.first) })
	return s
}

// has reports whether an id is in a sorted set.
func (s idRanges) has(id int64) bool {
	at, exact := slices.BinarySearchFunc(s, id, func(x span64, id int64) int { return cmp.Compare(x.first, id) })
	return exact || at > 0 && s[at-1].last >= id
}

// overlaps reports whether an id of another set is in a sorted set.
func (s idRanges) overlaps(other idRanges) bool {
	return slices.ContainsFunc(other, func(x span64) bool {
		at, _ := slices.BinarySearchFunc(s, x.last, func(y span64, last int64) int { return cmp.Compare(y.first, last) })
		return s.has(x.first) || s.has(x.last) || at > 0 && s[at-1].last >= x.first
	})
}
