package numbering_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/numbering"
)

// cost is the order in which the costlier of two classes is chosen.
func cost(c call.Class) int { return slices.Index(call.Classes(), c) }

// FuzzClassify holds what must be true of any string, at sites with and without an outside line.
func FuzzClassify(f *testing.F) {
	p := china(f)
	none := at(f, p, numbering.Home{Area: "010"}, staff())
	sites := map[string]*numbering.Classifier{"": none}
	for _, outside := range []string{"9", "0", "99", "*9"} {
		sites[outside] = at(f, p, numbering.Home{Area: "010", OutsideLine: outside}, staff())
	}
	for _, s := range []string{
		"", "+", "110", "9110", "110#", "62345678", "902116812345", "9*31#1795102116812345", "+8613800138000", "0085221234567",
		"0037161234567", "00390212345678", "+4409091234567", "101", "6101", "00", "0086", "\x00", "168&SIP/1", "*21*168#", "0099999",
		"014100101000000", "17900#31#00100", // found: an outside line taken out from between made another number
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, dialled string) {
		for outside, c := range sites {
			holds(t, p, outside, c, none, dialled)
		}
	})
}

// holds checks what must be true of any string at any site. none is the same site without an outside line.
func holds(t *testing.T, p *numbering.Plan, outside string, c, none *numbering.Classifier, dialled string) {
	t.Helper()
	n := c.Classify(dialled)
	if n.Dialled != dialled || n.Risk == nil || cost(n.Class) < 0 {
		t.Fatalf("%q: %+v", dialled, n)
	}
	if !call.IsDialString(dialled) {
		if show(n.Number) != "invalid - - - - - -" {
			t.Fatalf("%q is no dial string: %s", dialled, show(n.Number))
		}
		return
	}
	if !call.IsDialString(n.Digits) || len(n.Digits) > len(dialled) {
		t.Fatalf("%q: digits %q", dialled, n.Digits)
	}
	if n.E164 != "" && (n.E164[0] != '+' || len(n.E164) > 16 || strings.ContainsAny(n.E164[1:], "+*#")) {
		t.Fatalf("%q: E.164 %q", dialled, n.E164)
	}
	exact := slices.Contains(p.Emergency(), dialled)
	if rest, ok := strings.CutPrefix(dialled, outside); ok {
		exact = exact || slices.Contains(p.Emergency(), rest)
	}
	if exact != (n.Class == call.Emergency) {
		t.Fatalf("%q at outside line %q: class %s", dialled, outside, n.Class)
	}
	if n.Class == call.Invalid || n.Class == call.Internal {
		return
	}
	// What is sent to the trunk is never dearer than what was decided.
	if sent := none.Classify(n.Digits); cost(sent.Class) > cost(n.Class) || sent.E164 != n.E164 {
		t.Fatalf("%q at outside line %q is %s, but %q is sent: %s", dialled, outside, show(n.Number), n.Digits, show(sent.Number))
	}
}

// FuzzHiddenPremium builds strings by the grammar of what may stand in front of a number, ending in 160 or 168; none
// may come out cheaper than premium.
func FuzzHiddenPremium(f *testing.F) {
	c := at(f, china(f), beijing, nil)
	codes := []string{"*31#", "#31#", "*67", "*82"}
	carriers := []string{"17909", "17951", "17911", "12593", "12520"} // and 10193, but +86 10193… is in Beijing
	areas := []string{"10", "21", "20", "29", "310", "371", "512", "755", "898", "991"}
	f.Add([]byte{1, 1, 1, 1, 1, 1}, "12345", true)
	f.Add([]byte{0, 0, 0, 0, 0, 0}, "", false)
	f.Add([]byte{2, 2, 2, 2, 2, 2}, "12345678", true)
	f.Fuzz(func(t *testing.T, choices []byte, tail string, is168 bool) {
		next := func(n int) int {
			if len(choices) == 0 {
				return 0
			}
			v := int(choices[0]) % n
			choices = choices[1:]
			return v
		}
		some := func(list []string) string { // up to two of them
			out := ""
			for range next(3) {
				out += list[next(len(list))]
			}
			return out
		}
		var b strings.Builder
		if next(5) == 4 {
			b.WriteString("+86" + some(carriers))
		} else {
			b.WriteString(some([]string{"9"}) + some(codes) + some(append(carriers, "10193")))
			if next(3) == 2 {
				b.WriteString("0086" + some(carriers))
			}
		}
		switch next(3) {
		case 1:
			b.WriteString("0")
		case 2:
			b.WriteString("0" + areas[next(len(areas))])
		}
		b.WriteString(map[bool]string{true: "168", false: "160"}[is168] + tail)
		dialled := b.String()
		if !call.IsDialString(dialled) {
			return
		}
		if n := c.Classify(dialled); cost(n.Class) < cost(call.Premium) {
			t.Errorf("%q is %s", dialled, show(n.Number))
		}
	})
}
