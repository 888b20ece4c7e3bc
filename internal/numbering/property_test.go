package numbering_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/numbering"
)

// shippedSite is a site of a shipped plan, with what a caller of that country knows.
type shippedSite struct {
	plan, area, outside string
	abroad              []string // what stands in front of the own country code, and the code
	codes               []string // codes that hide or show the caller's number
	carriers            []string
	premium             []string // premium numbers, as dialled there
}

// shippedSites has one site of every plan of policy/plans; TestEveryPlanHasASite holds it to that.
var shippedSites = []shippedSite{
	{
		"cn", "010", "9", []string{"+86", "0086"}, []string{"*31#", "#31#", "*67", "*82"},
		[]string{"17909", "17951", "12593", "10193"}, // 193 and 196 begin mobiles
		[]string{"16812345", "16012345", "1681234567", "016812345", "02116812345", "051216012345", "12590", "125901234"},
	},
	{
		"us", "212", "9", []string{"+1", "0111"}, []string{"*67", "*82", "1167", "1182", "*31#", "#31#"},
		[]string{"1010288", "1010555"},
		[]string{"19005551234", "9005551234", "9761234", "2129761234", "17189761234", "411", "5551212", "15005551234", "17005554141", "9501234"},
	},
	{
		"ca", "416", "9", []string{"+1", "0111"}, []string{"*67", "*82", "1167", "1182", "*31#", "#31#"},
		[]string{"1010288", "1010555"},
		[]string{"19005551234", "9005551234", "9761234", "4169761234", "16049761234", "411", "5551212", "15005551234", "16005551234"},
	},
	{
		"gb", "020", "9", []string{"+44", "0044"}, []string{"141", "1470", "*31#", "#31#", "*67", "*82"},
		[]string{"1280", "132", "18185", "18866", "18001"},
		[]string{"09091234567", "0909123", "118500", "118118", "07012345678", "07623123456", "020118500"},
	},
	{
		"de", "030", "9", []string{"+49", "0049"}, []string{"*31#", "#31#", "*67", "*82"},
		[]string{"01013", "01078", "010012", "010090"},
		[]string{"0900123456", "09001234567", "0137123456", "0138123456", "11833", "118000", "03011833", "070012345678", "0190123456", "0164123456"},
	},
}

// classifiers returns the plan of the site, and its classifier with and without the outside line.
func (s shippedSite) classifiers(t testing.TB) (p *numbering.Plan, c, none *numbering.Classifier) {
	t.Helper()
	p = shipped(t, s.plan)
	return p, at(t, p, numbering.Home{Area: s.area, OutsideLine: s.outside}, nil), at(t, p, numbering.Home{Area: s.area}, nil)
}

func TestEveryPlanHasASite(t *testing.T) {
	var have []string
	for _, s := range shippedSites {
		have = append(have, s.plan)
	}
	slices.Sort(have)
	if plans := shippedPlans(t); !slices.Equal(have, plans) {
		t.Errorf("sites of the plans %q, and shipped are %q", have, plans)
	}
}

// TestPremiumStaysPremium: nothing that the network forgives in front of a premium number makes anything else of it.
func TestPremiumStaysPremium(t *testing.T) {
	for _, s := range shippedSites {
		t.Run(s.plan, func(t *testing.T) {
			_, c, _ := s.classifiers(t)
			area := strings.TrimPrefix(s.area, "0")
			fronts := slices.Concat([]string{"", s.outside, s.area}, s.codes, s.carriers, s.abroad)
			for _, front := range slices.Clone(fronts) {
				if front != s.outside && !strings.HasPrefix(front, "+") { // the outside line comes first
					fronts = append(fronts, s.outside+front)
				}
			}
			for _, abroad := range s.abroad {
				fronts = append(fronts, abroad+area)
			}
			for _, code := range s.codes {
				for _, carrier := range s.carriers {
					fronts = append(fronts, code+carrier, s.outside+code+carrier, code+carrier+s.abroad[1])
				}
			}
			for _, number := range s.premium {
				for _, front := range fronts {
					dialled := front + number
					if n := c.Classify(dialled); n.Class != call.Premium {
						t.Errorf("%s + %s: %s", front, number, show(n.Number))
					}
				}
			}
		})
	}
}

// TestHiddenPremium stacks fronts at random: a premium number never comes out cheaper than one.
func TestHiddenPremium(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 8)) // a fixed seed: the same numbers in every run
	for _, s := range shippedSites {
		_, c, _ := s.classifiers(t)
		for range 3000 {
			var b strings.Builder
			b.WriteString(strings.Repeat(s.outside, random.IntN(2)))
			for _, list := range [][]string{s.codes, s.carriers, {"", s.area, s.abroad[1]}} {
				for range random.IntN(3) {
					b.WriteString(list[random.IntN(len(list))])
				}
			}
			dialled := b.String() + s.premium[random.IntN(len(s.premium))]
			if n := c.Classify(dialled); call.IsDialString(dialled) && cost(n.Class) < cost(call.Premium) {
				t.Errorf("%s: %q is %s", s.plan, dialled, show(n.Number))
			}
		}
	}
}

// TestOnlyExactEmergency changes emergency numbers by a sign, and puts every front before them: only the exact number,
// and the exact number behind the outside line, is an emergency call.
func TestOnlyExactEmergency(t *testing.T) {
	const signs = "0123456789*#+"
	for _, s := range shippedSites {
		t.Run(s.plan, func(t *testing.T) {
			p, c, none := s.classifiers(t)
			fronts := slices.Concat([]string{"", s.outside, s.outside + s.outside, s.area, "0", "1"}, s.codes, s.carriers, s.abroad)
			for _, e := range p.Emergency() {
				var near []string
				for i := range len(e) + 1 {
					for _, sign := range signs {
						near = append(near, e[:i]+string(sign)+e[i:])
						if i < len(e) {
							near = append(near, e[:i]+string(sign)+e[i+1:])
						}
					}
					if i < len(e) {
						near = append(near, e[:i]+e[i+1:])
					}
				}
				near = append(near, e, e+e, e+"12345", e+"1234567", e+"12345678")
				for _, front := range fronts {
					for _, dialled := range near {
						holds(t, p, s.outside, c, none, front+dialled)
						holds(t, p, "", none, none, front+dialled)
					}
				}
			}
		})
	}
}

// FuzzPlans holds what must be true of any string at a site of every shipped plan, with several outside lines.
func FuzzPlans(f *testing.F) {
	outsides := []string{"9", "0", "8", "99", "1", "*9"}
	type place struct {
		plan    *numbering.Plan
		outside string
		c, none *numbering.Classifier
	}
	var places []place
	for _, s := range shippedSites {
		p, _, none := s.classifiers(f)
		for _, outside := range outsides {
			places = append(places, place{p, outside, at(f, p, numbering.Home{Area: s.area, OutsideLine: outside}, nil), none})
		}
		for _, number := range s.premium {
			f.Add(s.outside + s.codes[0] + s.carriers[0] + number)
			f.Add(s.abroad[0] + number)
		}
	}
	for _, dialled := range []string{
		"9911", "91911", "+1911", "0999", "99999", "18000", "00112", "*31#0900123456", "0*31#00900123456", "1010288101028801144909",
		"212212212212212212212212212", "+44020118500", "030030030030030030030110", "14114114114118500",
	} {
		f.Add(dialled)
	}
	f.Fuzz(func(t *testing.T, dialled string) {
		for _, at := range places {
			holds(t, at.plan, at.outside, at.c, at.none, dialled)
		}
	})
}
