package lint

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Numbers says what dialled digits are.
type Numbers struct {
	Classify func(dialled string) call.Callee
	IsRegion func(string) bool // a country, or 001 for global networks
	Outside  string            // in front of a number that leaves the house; may be empty
}

// maxTried bounds the prefixes of all lists that are looked at.
const maxTried = 5000

// longest is how many digits a number has at most, after the + (E.164).
const longest = 15

// endings are what a prefix is completed with, the likeliest first.
var endings = []string{
	"234567890123456", "612345678901234", "800123456789012", "512345678901234", "123456789012345", "999999999999999",
	"000000000000000", "345678901234567", "456789012345678", "789012345678901", "901234567890123",
}

// unmatched tells entries of lists that no number of the plan can match.
func (n Numbers) unmatched(f dataFile) []Finding {
	var found []Finding
	tried := 0
	for _, id := range slices.Sorted(maps.Keys(f.value)) {
		fields, _ := f.value[id].(map[string]any)
		for _, key := range []string{"numbers", "prefixes", "countries"} {
			for i, entry := range texts(fields[key]) {
				if tried++; tried > maxTried {
					return found
				}
				what, do := n.fault(key, entry)
				if what == "" {
					continue
				}
				level := Warning
				if key != "countries" && !strings.HasPrefix(entry, "+") { // a plan need not know every short code
					level = Hint
				}
				found = append(found, f.finding(level, "unmatched_entry", []string{id, key, strconv.Itoa(i)},
					what, "the entry looks as if it did something", do))
			}
		}
	}
	return found
}

// fault says why no number matches an entry, and what to do; empty where one does.
func (n Numbers) fault(key, entry string) (what, do string) {
	switch key {
	case "countries":
		if !n.IsRegion(entry) {
			return fmt.Sprintf("there is no country %q", entry), "write the country as in ISO 3166-1: GB, not UK"
		}
	case "numbers":
		if m := n.of(entry); !isNumber(m, entry) {
			return fmt.Sprintf("%q is no number of the plan", entry), "see what it is with dialwarden classify; behind the country code there is no trunk 0"
		} else if m.Key() != entry {
			return fmt.Sprintf("no number matches %q: the plan reads it as %s", entry, m.Key()), fmt.Sprintf("write %q", m.Key())
		}
	case "prefixes":
		if !n.any(entry) {
			return fmt.Sprintf("no number of the plan begins with %q", entry), "see what such numbers are with dialwarden classify; behind the country code there is no trunk 0"
		}
	}
	return "", ""
}

// any reports whether some number begins with a prefix. It tries numbers of every length.
func (n Numbers) any(prefix string) bool {
	most := longest + 1
	if !strings.HasPrefix(prefix, "+") {
		most = max(len(prefix), shortCode)
	}
	for _, end := range endings {
		for length := most; length >= len(prefix); length-- {
			m := n.of(prefix + end[:min(length-len(prefix), len(end))])
			if isNumber(m, prefix) && strings.HasPrefix(m.Key(), prefix) {
				return true
			}
		}
	}
	return false
}

// isNumber reports whether the plan knows the number that an entry led to. Behind a + there is one only if it has an
// E.164 form.
func isNumber(m call.Callee, entry string) bool {
	return m.Class != call.Invalid && (m.E164 != "" || !strings.HasPrefix(entry, "+"))
}

// shortCode is how many digits a code without a + has at most, in a list.
const shortCode = 6

// of says what a number is, dialled from a phone of the house.
func (n Numbers) of(number string) call.Callee {
	if !strings.HasPrefix(number, "+") {
		number = n.Outside + number
	}
	return n.Classify(number)
}
