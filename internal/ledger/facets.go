package ledger

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// blockSize is how many ids have their facets together. What has none yet is looked through row by row: at most a block,
// apart from the moments after an upgrade. No block can be larger, as ids in it are 16 bits, or bits of an idSet.
const blockSize = 1 << 15

// The properties that facets are of: facets.facet. They stand in the file; a new one gets a new number.
const (
	facetExtension = iota + 1
	facetHolder
	facetDepartment
	facetClass
	facetAction
	facetRule
	facetQuarter // of an hour: quarterKey
	facetNumber  // a whole number longer than longPrefix
	facetPrefix  // the first 1, 2 … longPrefix bytes of a number, each, and longer ones that are frequent
)

// longPrefix is up to what length every prefix of a number has its facet. A longer one has its facet where at least
// frequentPrefix decisions of a block begin so, up to longestPrefix. Any other is looked up among the whole numbers of the
// block: they are in order, and few begin so.
const (
	longPrefix     = 8
	longestPrefix  = 32
	frequentPrefix = 32
)

// facet is one property with one value; in a block, some ids have it.
type facet struct {
	kind  int
	value string
}

func compareFacets(a, b facet) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.value, b.value))
}

// quarterSeconds is the length of a quarter of an hour, which divides the offset of every zone in use.
const quarterSeconds = 900

// quarterOf returns the quarter of an hour of a moment, counted from 1970 in UTC.
func quarterOf(unix int64) int64 {
	q := unix / quarterSeconds
	if unix%quarterSeconds < 0 {
		q--
	}
	return q
}

// quarterKey is a quarter as the value of a facet: in the order of time.
func quarterKey(q int64) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(q)^1<<63))
}

// quarters returns the first and the last quarter that a time filter leaves, and whether there is one.
func (f Filter) quarters() (first, last int64, is bool) {
	first, last = quarterOf(time.Time{}.Unix()), quarterOf(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix())
	if !f.Since.IsZero() {
		first = quarterOf(f.Since.Unix())
	}
	if !f.Until.IsZero() {
		last = quarterOf(f.Until.Unix())
	}
	return first, last, !f.Since.IsZero() || !f.Until.IsZero()
}

// facetRange is a condition on facets of one kind: the value lies between first and last, both included.
type facetRange struct {
	kind        int
	first, last string
}

// facets returns what a decision that f selects must have, those that are often rare first, whole numbers last; but for
// the time.
func (f Filter) facets() []facetRange {
	var all []facetRange
	short := f.NumberPrefix[:min(longPrefix, len(f.NumberPrefix))]
	for _, c := range []facet{
		{facetExtension, f.Extension}, {facetHolder, f.Holder}, {facetPrefix, short}, {facetRule, f.Rule},
		{facetDepartment, f.Department}, {facetClass, string(f.Class)}, {facetAction, string(f.Action)},
	} {
		if c.value != "" {
			all = append(all, facetRange{c.kind, c.value, c.value})
		}
	}
	if p := f.NumberPrefix; len(p) > longPrefix {
		all = append(all, facetRange{facetNumber, p, p + "\xff"})
	}
	return all
}

// addLongPrefixes adds the frequent prefixes longer than longPrefix to what a block has.
func addLongPrefixes(having map[facet][]uint16) {
	var numbers []string
	for f := range having {
		if f.kind == facetNumber {
			numbers = append(numbers, f.value)
		}
	}
	slices.Sort(numbers)
	for n := longPrefix + 1; n <= longestPrefix && len(numbers) > 0; n++ {
		var frequent []string // the numbers with a frequent prefix of n bytes: no others can have a longer one
		for first := 0; first < len(numbers); {
			prefix, count, next := numbers[first][:min(n, len(numbers[first]))], 0, first
			for ; next < len(numbers) && strings.HasPrefix(numbers[next], prefix); next++ {
				count += len(having[facet{facetNumber, numbers[next]}])
			}
			if with := numbers[first:next]; len(prefix) == n && count >= frequentPrefix {
				ids := make([]uint16, 0, count)
				for _, number := range with {
					ids = append(ids, having[facet{facetNumber, number}]...)
				}
				slices.Sort(ids)
				having[facet{facetPrefix, prefix}] = ids
				frequent = append(frequent, with...)
			} else if len(prefix) < n { // a shorter number, of which others are the beginning
				next = first + 1
			}
			first = next
		}
		numbers = frequent
	}
}

// idSet are ids of one block: a bit for each id - block.
type idSet [blockSize / 64]uint64

// setBytes is the length of a set that is stored as bits; a shorter one is stored as a list.
const setBytes = blockSize / 8

// encodeIDs stores the ids of one value: the offsets in 16 bits each, or as bits where that is not longer. They are in
// order.
func encodeIDs(offsets []uint16) []byte {
	if 2*len(offsets) < setBytes {
		b := make([]byte, 0, 2*len(offsets))
		for _, o := range offsets {
			b = binary.LittleEndian.AppendUint16(b, o)
		}
		return b
	}
	b := make([]byte, setBytes)
	for _, o := range offsets {
		b[o/8] |= 1 << (o % 8)
	}
	return b
}

// add puts in what encodeIDs stored. Of bytes that it cannot have stored it takes what makes sense: the rows are looked
// at in any case.
func (s *idSet) add(stored []byte) {
	if len(stored) == setBytes {
		for i := range s {
			s[i] |= binary.LittleEndian.Uint64(stored[8*i:])
		}
		return
	}
	for ; len(stored) >= 2; stored = stored[2:] {
		if o := binary.LittleEndian.Uint16(stored); o < blockSize {
			s[o/64] |= 1 << (o % 64)
		}
	}
}

// fill puts all in.
func (s *idSet) fill() {
	for i := range s {
		s[i] = ^uint64(0)
	}
}

// atMost reports whether there are no more than n ids in the set.
func (s *idSet) atMost(n int) bool {
	for i := 0; i < len(s) && n >= 0; i++ {
		n -= bits.OnesCount64(s[i])
	}
	return n >= 0
}

// keep leaves what is also in other, and reports whether anything is left.
func (s *idSet) keep(other *idSet) bool {
	var left uint64
	for i := range s {
		s[i] &= other[i]
		left |= s[i]
	}
	return left != 0
}

// among lists at most n ids of the set of block b, only those in ids, in the direction of the list.
func (s *idSet) among(b, ids idRange, n int, reverse bool) []int64 {
	ids = idRange{max(b.first, ids.first), min(b.last, ids.last)}
	var found []int64
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			if id := b.first + int64(64*i+bits.TrailingZeros64(word)); id >= ids.first && id <= ids.last {
				found = append(found, id)
			}
		}
	}
	if reverse {
		slices.Reverse(found)
	}
	return found[:min(n, len(found))]
}
