package call

import "bytes"

// SparseMark is the first member of the JSON of facts that are written down without what says nothing: empty texts, zeros,
// false, null, and objects of nothing else. Most of the facts of most calls say nothing, and a ledger keeps them for years.
const SparseMark = "sparse"

// Sparse leaves out of the JSON of facts, as json.Marshal writes it, what says nothing, and marks it. Lists stay, also empty
// ones: some are absent, and others are there and have nothing in them.
func Sparse(facts []byte) []byte {
	s := sparser{in: facts, out: make([]byte, 0, len(facts)/2)}
	s.value()
	if body, ok := bytes.CutPrefix(s.out, []byte("{")); ok {
		head := `{"` + SparseMark + `":{}`
		if len(body) > 1 {
			head += ","
		}
		return append([]byte(head), body...)
	}
	return facts
}

// IsSparse reports whether the JSON of facts was written by Sparse.
func IsSparse(facts []byte) bool { return bytes.HasPrefix(facts, []byte(`{"`+SparseMark+`":`)) }

// sparser copies one JSON text without white space.
type sparser struct {
	in  []byte
	at  int // of in, what comes next
	out []byte
}

// value copies a value and reports whether it says nothing.
func (s *sparser) value() (nothing bool) {
	if s.at >= len(s.in) {
		return true
	}
	switch s.in[s.at] {
	case '{':
		return s.object()
	case '[':
		s.list()
		return false
	case '"':
		return s.text() == 0
	}
	begin := s.at
	for s.at < len(s.in) && bytes.IndexByte([]byte(",}]"), s.in[s.at]) < 0 {
		s.at++
	}
	if s.at == begin { // no JSON
		s.copy()
		return false
	}
	word := s.in[begin:s.at]
	s.out = append(s.out, word...)
	return string(word) == "0" || string(word) == "false" || string(word) == "null"
}

// object copies those members of an object that say something, and reports whether there is none.
func (s *sparser) object() (nothing bool) {
	s.copy()
	nothing = true
	for s.at < len(s.in) && s.in[s.at] != '}' {
		if s.in[s.at] == ',' {
			s.at++
		}
		before := len(s.out)
		if !nothing {
			s.out = append(s.out, ',')
		}
		s.text()
		s.copy() // the colon
		if s.value() {
			s.out = s.out[:before]
		} else {
			nothing = false
		}
	}
	s.copy()
	return nothing
}

// list copies a list with all its elements.
func (s *sparser) list() {
	s.copy()
	for s.at < len(s.in) && s.in[s.at] != ']' {
		if s.in[s.at] == ',' {
			s.copy()
		}
		s.value()
	}
	s.copy()
}

// text copies a text and returns how many bytes are between its quotes.
func (s *sparser) text() int {
	begin := s.at
	for s.at++; s.at < len(s.in) && s.in[s.at] != '"'; s.at++ {
		if s.in[s.at] == '\\' {
			s.at++
		}
	}
	s.at = min(s.at+1, len(s.in))
	s.out = append(s.out, s.in[begin:s.at]...)
	return s.at - begin - 2
}

// copy copies one byte.
func (s *sparser) copy() {
	if s.at < len(s.in) {
		s.out = append(s.out, s.in[s.at])
		s.at++
	}
}
