package dialpaths

import (
	"math/bits"
	"slices"
	"strings"
)

// set is a set of bytes.
type set [4]uint64

func (s *set) add(c byte)     { s[c>>6] |= 1 << (c & 63) }
func (s set) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func (s set) and(o set) set { return set{s[0] & o[0], s[1] & o[1], s[2] & o[2], s[3] & o[3]} }
func (s set) or(o set) set  { return set{s[0] | o[0], s[1] | o[1], s[2] | o[2], s[3] | o[3]} }

func (s set) holds(o set) bool { return s.and(o) == o }

// bytesOf is the set of the bytes of a text.
func bytesOf(text string) set {
	var s set
	for i := range len(text) {
		s.add(text[i])
	}
	return s
}

var (
	anyByte = set{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	digits  = bytesOf("0123456789")
)

// elem is one byte of a text of which not everything is known, or, if many, any number of bytes.
type elem struct {
	chars   set
	many    bool
	dialled bool // a caller chooses it
}

// glob is a text of which not everything is known, like PJSIP/${EXTEN}@trunk.
type glob []elem

// longestGlob is how long a glob may be before it is taken for any text: nothing that is dialled is longer.
const longestGlob = 512

func literal(text string) glob {
	g := make(glob, len(text))
	for i := range len(text) {
		g[i].chars.add(text[i])
	}
	return g
}

// anything is any text at all.
func anything(dialled bool) glob { return glob{{chars: anyByte, many: true, dialled: dialled}} }

// someOf is a text of these bytes.
func someOf(chars set, dialled bool) glob {
	return glob{{chars: chars, many: true, dialled: dialled}}
}

// literal returns the text if everything of it is known.
func (g glob) literal() (string, bool) {
	var b strings.Builder
	for _, e := range g {
		c, ok := e.only()
		if !ok {
			return "", false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// only returns the byte that an element is, if it can be but one.
func (e elem) only() (byte, bool) {
	if e.many {
		return 0, false
	}
	found, at := 0, 0
	for i, word := range e.chars {
		if word != 0 {
			found += bits.OnesCount64(word)
			at = i<<6 | bits.TrailingZeros64(word)
		}
	}
	return byte(at), found == 1
}

// index is where a byte that is known first stands; -1 for nowhere.
func (g glob) index(c byte) int {
	return slices.IndexFunc(g, func(e elem) bool {
		only, ok := e.only()
		return ok && only == c
	})
}

// key tells globs apart.
func (g glob) key() string {
	var b strings.Builder
	for _, e := range g {
		if c, ok := e.only(); ok {
			b.WriteByte(c)
			continue
		}
		b.WriteByte(0)
		for _, word := range e.chars {
			for i := range 8 {
				b.WriteByte(byte(word >> (8 * i)))
			}
		}
		if e.many {
			b.WriteByte(1)
		}
	}
	return b.String()
}

// chars is every byte that may be in it, and whether a caller chooses any.
func (g glob) chars() (all set, dialled bool) {
	for _, e := range g {
		all, dialled = all.or(e.chars), dialled || e.dialled
	}
	return all, dialled
}

// bounded keeps a glob from growing for ever in a loop of the dialplan.
func (g glob) bounded() glob {
	if len(g) <= longestGlob {
		return g
	}
	return someOf(g.chars())
}

func join(a, b glob) glob { return append(a[:len(a):len(a)], b...).bounded() }

// from drops the first n bytes, and cut keeps only the first n after that; a negative n counts from the end.
func (g glob) from(offset int, length *int) glob {
	fixed := 0
	for fixed < len(g) && !g[fixed].many {
		fixed++
	}
	whole := fixed == len(g)
	if !whole && (offset < 0 || length != nil && (*length < 0 || offset+*length > fixed)) {
		return someOf(g.chars())
	}
	if offset < 0 {
		offset = max(0, len(g)+offset)
	}
	rest := g[min(offset, fixed):]
	if length == nil {
		return rest
	}
	end := *length
	if end < 0 {
		end += len(rest)
	}
	return rest[:max(0, min(end, len(rest)))]
}

// meets reports whether one byte can be both.
func (e elem) meets(o elem) bool { return e.chars.and(o.chars) != set{} }

// overlaps reports whether one text can be both.
func (g glob) overlaps(o glob) bool {
	p := pair{g, o, map[[2]int]bool{}}
	return p.match(0, 0)
}

// pair are two globs that are compared; tried are places from which there is no way on.
type pair struct {
	g, o  glob
	tried map[[2]int]bool
}

// match reports whether what begins at i of one and at j of the other can be the same text.
func (p *pair) match(i, j int) bool {
	for i < len(p.g) && j < len(p.o) && !p.g[i].many && !p.o[j].many && p.g[i].meets(p.o[j]) {
		i, j = i+1, j+1
	}
	at := [2]int{i, j}
	if i == len(p.g) && j == len(p.o) || p.tried[at] {
		return !p.tried[at]
	}
	p.tried[at] = true
	gMany, oMany := i < len(p.g) && p.g[i].many, j < len(p.o) && p.o[j].many
	if gMany && p.match(i+1, j) || oMany && p.match(i, j+1) {
		return true
	}
	if i == len(p.g) || j == len(p.o) || gMany == oMany || !p.g[i].meets(p.o[j]) {
		return false // of two of any number, one is done with first: both have been tried
	}
	if gMany {
		return p.match(i, j+1)
	}
	return p.match(i+1, j)
}

// fixed splits a glob into elements of one byte and a rest of any length, which is the last one. ok is false for other shapes.
func (g glob) fixed() (front glob, rest *elem, ok bool) {
	for i, e := range g {
		if e.many {
			return g[:i], &g[i], i == len(g)-1
		}
	}
	return g, nil, true
}

// covers reports whether every text that is o is g, too. It says no where it cannot tell.
func (g glob) covers(o glob) bool {
	front, rest, ok := g.fixed()
	if !ok || len(o) < len(front) {
		return false
	}
	for i, e := range front {
		if o[i].many || !e.chars.holds(o[i].chars) {
			return false
		}
	}
	if rest == nil {
		return len(o) == len(front)
	}
	for _, e := range o[len(front):] {
		if !rest.chars.holds(e.chars) {
			return false
		}
	}
	return true
}

// narrowed is what of the texts g is also o; where that cannot be said exactly it is o.
func (g glob) narrowed(o glob) glob {
	a, aRest, aOK := g.fixed()
	b, bRest, bOK := o.fixed()
	if !aOK || !bOK {
		return o
	}
	out := make(glob, 0, max(len(a), len(b))+1)
	for i := range max(len(a), len(b)) {
		x, y := at(a, aRest, i), at(b, bRest, i)
		if x == nil || y == nil {
			return o
		}
		out = append(out, elem{chars: x.chars.and(y.chars), dialled: x.dialled || y.dialled})
	}
	if aRest != nil && bRest != nil {
		out = append(out, elem{chars: aRest.chars.and(bRest.chars), many: true, dialled: aRest.dialled || bRest.dialled})
	}
	return out
}

func at(front glob, rest *elem, i int) *elem {
	if i < len(front) {
		return &front[i]
	}
	return rest
}

// patternGlob is what an extension of the dialplan matches.
func patternGlob(name string) glob {
	if !strings.HasPrefix(name, "_") {
		return literal(name)
	}
	var g glob
	for i := 1; i < len(name); i++ {
		e := elem{dialled: true}
		switch c := name[i]; c {
		case 'X', 'x':
			e.chars = digits
		case 'Z', 'z':
			e.chars = bytesOf("123456789")
		case 'N', 'n':
			e.chars = bytesOf("23456789")
		case '.':
			return append(g, elem{chars: anyByte, dialled: true}, elem{chars: anyByte, many: true, dialled: true})
		case '!':
			return append(g, elem{chars: anyByte, many: true, dialled: true})
		case '-', ' ':
			continue
		case '[':
			end := strings.IndexByte(name[i:], ']')
			if end < 0 {
				return append(g, elem{chars: anyByte, many: true, dialled: true})
			}
			e.chars = class(name[i+1 : i+end])
			i += end
		case '\\':
			if i+1 < len(name) {
				i++
			}
			e.chars.add(name[i])
		default:
			e.chars.add(c)
		}
		g = append(g, e)
	}
	return g
}

// class is the set of a character class like 2-57 or !-~.
func class(text string) set {
	var s set
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		from, to := text[i], text[i]
		if i+2 < len(text) && text[i+1] == '-' {
			to = text[i+2]
			i += 2
		}
		for c := int(from); c <= int(to); c++ {
			s.add(byte(c))
		}
	}
	return s
}

// undashed is an extension as Asterisk compares it: dashes do not count.
func undashed(g glob) glob {
	out := make(glob, 0, len(g))
	for _, e := range g {
		if c, ok := e.only(); !ok || c != '-' {
			out = append(out, e)
		}
	}
	return out
}
