package numbering_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dialwarden/dialwarden/internal/numbering"
)

func TestUnitedStates(t *testing.T) {
	checkSites(t, "us", []site{
		{"212", "9", [][2]string{
			// 911, the outside line 9, and what begins like them
			{"911", "emergency 911 - US - - -"},
			{"9911", "emergency 911 - US"},
			{"99911", "invalid"},
			{"9111", "invalid"},
			{"91", "invalid"},
			{"9112", "invalid"},
			{"9115551", "invalid"},
			{"9115551234", "unknown"},
			{"1911", "invalid"},
			{"+1911", "invalid"},
			{"*67911", "invalid"},
			{"1010288911", "unknown"},
			{"212911", "invalid"},
			{"2129115551", "invalid"},
			{"112", "invalid"},
			// short numbers
			{"933", "service 933 - US - - -"},
			{"9933", "service 933"},
			{"988", "service"},
			{"211", "service"},
			{"311", "service"},
			{"511", "service"},
			{"611", "service"},
			{"711", "service"},
			{"9811", "service 811"},
			{"411", "premium 411 - US"},
			{"9411", "premium 411"},
			{"5551212", "premium 5551212 - US"},
			{"12025551212", "premium 12025551212 +12025551212 US 202 - premium_behind_area"},
			{"18005551212", "toll_free"},
			{"0", "premium 0 - US - - operator"},
			{"00", "premium 00"},
			{"90", "premium 0"},
			{"02125551234", "invalid"},
			{"01442079460958", "invalid"},
			// home
			{"5551234", "local 5551234 +12125551234 US 212 - -"},
			{"95551234", "local 5551234"},
			{"2125551234", "local 2125551234 +12125551234 US 212"},
			{"92125551234", "local 2125551234"},
			{"12125551234", "local 12125551234"},
			{"912125551234", "local 12125551234"},
			{"+12125551234", "local +12125551234 +12125551234 US 212 - own_country_code"},
			{"01112125551234", "local 01112125551234 +12125551234 US 212 - own_country_code"},
			{"9001234", "local 9001234 +12129001234"}, // an exchange of Manhattan, not pay-per-call
			{"1555123", "invalid"},
			{"0551234", "invalid"},
			{"2115551", "invalid"},
			{"555123", "invalid"},
			{"55512345", "invalid"},
			// elsewhere
			{"917185551234", "national 17185551234 +17185551234 US 718 - -"},
			{"7185551234", "national 7185551234"},
			{"9075551234", "national 9075551234 +19075551234 US 907"},
			{"18085551234", "national 18085551234 +18085551234 US 808"},
			{"7106274387", "national"},
			{"171855512345", "invalid"},
			{"718555123", "invalid"},
			{"7181551234", "invalid"},
			// the others of country code 1
			{"914165551234", "international 14165551234 +14165551234 CA - - -"},
			{"4165551234", "international 4165551234 +14165551234 CA"},
			{"+16045551234", "international +16045551234 +16045551234 CA - - -"},
			{"18765551234", "international 18765551234 +18765551234 JM - - caribbean"},
			{"918095551234", "international 18095551234 +18095551234 DO - - caribbean"},
			{"8685551234", "international 8685551234 +18685551234 TT - - caribbean"},
			{"17875551234", "international 17875551234 +17875551234 PR - - caribbean"},
			{"16715551234", "international 16715551234 +16715551234 GU - - -"},
			{"12425551234", "international 12425551234 +12425551234 BS - - caribbean"},
			{"14169761234", "premium 14169761234 +14169761234 CA - - foreign_premium"},
			// what costs more
			{"19005551234", "premium 19005551234 +19005551234 US - - -"},
			{"919005551234", "premium 19005551234"},
			{"9005551234", "premium 9005551234"},
			{"99005551234", "premium 9005551234"},
			{"1900", "premium"},
			{"190055512345678", "premium"},
			{"+19005551234", "premium +19005551234 +19005551234 US - - own_country_code"},
			{"01119005551234", "premium"},
			{"9761234", "premium 9761234 - US"},
			{"99761234", "premium 9761234"},
			{"12129761234", "premium 12129761234 +12129761234 US 212 - premium_behind_area"},
			{"7189761234", "premium"},
			{"2129005551234", "premium 2129005551234 +19005551234 US 212 - premium_behind_area"},
			{"21219005551234", "premium"},
			{"9501234", "premium 9501234 - US - - carrier_access"},
			{"15005551234", "premium 15005551234 +15005551234 US - - personal_number"},
			{"15335551234", "premium"},
			{"17005554141", "premium"},
			{"8005551234", "toll_free 8005551234 +18005551234 US"},
			{"918335551234", "toll_free 18335551234"},
			{"18885551234", "toll_free"},
			{"18895551234", "unknown"},
			{"800555123", "invalid"},
			// codes in front
			{"*6712125551234", "local *6712125551234 +12125551234 US 212 - caller_id_code"},
			{"9*6717185551234", "national *6717185551234"},
			{"*67917185551234", "national *6717185551234"},
			{"*8219005551234", "premium"},
			{"116719005551234", "premium 116719005551234 +19005551234 US - - caller_id_code"},
			{"11675551234", "local"},
			{"101028812125551234", "national 101028812125551234 +12125551234 US 212 1010288 -"},
			{"10102889005551234", "premium 10102889005551234 +19005551234 US - 1010288 premium_behind_carrier"},
			{"910102889761234", "premium"},
			{"1010288011442079460958", "international 1010288011442079460958 +442079460958 GB - 1010288 -"},
			{"10102880", "premium"},
			{"*671010288101987619005551234", "premium"},
			{"1010288", "invalid"},
			// abroad
			{"011442079460958", "international 011442079460958 +442079460958 GB"},
			{"9011442079460958", "international 011442079460958"},
			{"+442079460958", "international +442079460958"},
			{"0114409098790000", "premium"},
			{"011447012345678", "international 011447012345678 +447012345678 GB - - personal_number"},
			{"01186216812345678", "international 01186216812345678"},
			{"011881612345678", "satellite"},
			{"011882161234567", "satellite"},
			{"011979123456789", "premium"},
			{"0115352345678", "international 0115352345678 +5352345678 CU - - irsf"},
			{"011", "invalid"},
			{"00442079460958", "invalid"},
			{"*21*9005551234#", "invalid"},
			{"*67", "invalid"},
		}},
		{"646", "", [][2]string{
			{"911", "emergency"},
			{"9911", "invalid"},
			{"5551234", "local 5551234 +16465551234 US 646"},
			{"2125551234", "national"},
			{"95551234", "invalid"},
		}},
		{"212", "8", [][2]string{
			{"8911", "emergency 911"},
			{"9911", "invalid"},
			{"8005551234", "toll_free 8005551234"},
			{"88005551234", "toll_free 8005551234"},
			{"819005551234", "premium 19005551234"},
			{"85551234", "local 5551234"},
			{"8455551234", "national 8455551234"},
		}},
		{"212", "1", [][2]string{ // the outside line is the trunk prefix, too
			{"911", "emergency"},
			{"1911", "emergency 911"},
			{"19005551234", "premium"},
			{"119005551234", "premium 19005551234"},
			{"17185551234", "national 7185551234"},
		}},
		{"212", "0", [][2]string{
			{"0911", "emergency 911"},
			{"012125551234", "local 12125551234"},
			{"0011442079460958", "international 011442079460958"},
			{"019005551234", "premium 19005551234"},
		}},
	})
}

func TestCanada(t *testing.T) {
	checkSites(t, "ca", []site{{"416", "9", [][2]string{
		{"911", "emergency 911 - CA"},
		{"9911", "emergency 911"},
		{"811", "service"},
		{"988", "service"},
		{"5551234", "local 5551234 +14165551234 CA 416"},
		{"914165551234", "local"},
		{"16045551234", "national 16045551234 +16045551234 CA 604"},
		{"8675551234", "national 8675551234 +18675551234 CA 867"},
		{"12125551234", "international 12125551234 +12125551234 US - - -"},
		{"12129761234", "premium"},
		{"14169761234", "premium 14169761234 +14169761234 CA 416 - premium_behind_area"},
		{"19005551234", "premium 19005551234 +19005551234 CA"},
		{"3101234", "shared_cost"},
		{"16005551234", "premium 16005551234 +16005551234 CA - - satellite"},
		{"18765551234", "international 18765551234 +18765551234 JM - - caribbean"},
		{"18005551234", "toll_free"},
		{"011442079460958", "international"},
	}}})
}

// TestCopiedPlan does what the documentation tells an admin to do: copy a file, change a few lines, use it.
func TestCopiedPlan(t *testing.T) {
	data, err := fs.ReadFile(os.DirFS("../../policy"), "plans/us.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), `regions: ["US"]`, `regions: ["PR"]`, 1)
	at1 := strings.Index(text, "\nareas:\n")
	text = text[:at1] + "\nareas:\n  - {codes: [\"787\", \"939\"], name: Puerto Rico, lengths: [7]}\n"
	text = strings.Replace(text, "  - {name: Puerto Rico, class: international, prefixes: [\"1787\", \"1939\"], region: \"PR\", risk: [caribbean]}\n", "", 1)
	p, err := numbering.Load(fstest.MapFS{"plans/pr.yaml": {Data: []byte(text)}}, "pr")
	if err != nil {
		t.Fatal(err)
	}
	c := at(t, p, numbering.Home{Area: "787", OutsideLine: "9"}, nil)
	check(t, c, "917875551234", "local 17875551234 +17875551234 PR 787")
	check(t, c, "9395551234", "national 9395551234 +19395551234 PR 939")
	check(t, c, "12125551234", "international 12125551234 +12125551234 US") // the library knows it
	check(t, c, "18765551234", "international 18765551234 +18765551234 JM - - caribbean")
	check(t, c, "9761234", "premium")
}

// TestPlansKnowTheSameAbroad: what the shipped plans say about foreign numbers differs only where a plan is at home.
func TestPlansKnowTheSameAbroad(t *testing.T) {
	abroad := map[string][]string{}
	for _, name := range shippedPlans(t) {
		data, err := os.ReadFile("../../policy/plans/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(data), "\nabroad:\n")
		rest, _, _ = strings.Cut(rest, "\n\n")
		for entry := range strings.SplitSeq("\n"+rest, "\n  - ") {
			own := name == "gb" && strings.Contains(entry, "Kingdom") || strings.HasPrefix(entry, "name: Canada") || strings.HasPrefix(entry, "name: United States")
			if entry != "" && !own {
				abroad[entry] = append(abroad[entry], name)
			}
		}
	}
	for entry, names := range abroad {
		want := len(shippedPlans(t))
		if strings.Contains(entry, "Kingdom") {
			want-- // not in gb
		}
		if len(names) != want {
			t.Errorf("only %v say:\n%s", names, entry)
		}
	}
}
