package numbering_test

import (
	"os"
	"testing"

	"github.com/dialwarden/dialwarden/internal/numbering"
)

// TestOtherPlans reads short plans of other countries: the format must carry them, with nothing about China in the code.
func TestOtherPlans(t *testing.T) {
	for _, tt := range []struct {
		plan, area, outside string
		rows                [][2]string
	}{
		{"us", "212", "9", [][2]string{
			{"911", "emergency 911 - US"},
			{"9911", "emergency 911"},
			{"99911", "invalid"},
			{"933", "service"},
			{"411", "premium 411 - US"},
			{"5551234", "local 5551234 +12125551234 US 212"},
			{"95551234", "local 5551234"},
			{"2125551234", "local 2125551234 +12125551234"},
			{"12125551234", "local"},
			{"917185551234", "national 17185551234 +17185551234 US 718"},
			{"7185551234", "national"},
			{"914165551234", "international 14165551234 +14165551234 CA"},
			{"18765551234", "international 18765551234 +18765551234 JM - - caribbean"},
			{"+18765551234", "international +18765551234 +18765551234 JM - - caribbean"},
			{"011442079460958", "international 011442079460958 +442079460958 GB"},
			{"19005551234", "premium 19005551234 +19005551234 US - - -"},
			{"9005551234", "premium"},
			{"9761234", "premium"},
			{"12129761234", "premium 12129761234 +12129761234 US 212 - premium_behind_area"},
			{"18005551234", "toll_free"},
			{"*6712125551234", "local *6712125551234 +12125551234 US 212 - caller_id_code"},
			{"101028812125551234", "national 101028812125551234 +12125551234 US 212 1010288"},
			{"10102889005551234", "premium"},
			{"1010288011442079460958", "international 1010288011442079460958 +442079460958 GB - 1010288"},
			{"01112125551234", "local 01112125551234 +12125551234 US 212 - own_country_code"},
			{"9115551234", "unknown"},
			{"+1911", "invalid"},
			{"1234", "invalid"},
			{"00", "invalid"},
		}},
		{"gb", "020", "9", [][2]string{
			{"999", "emergency 999"},
			{"9999", "emergency 999"},
			{"112", "emergency"},
			{"79460958", "local 79460958 +442079460958 GB 020"},
			{"02079460958", "local"},
			{"01223123456", "national 01223123456 +441223123456 GB 01223"},
			{"118500", "premium"},
			{"9118118", "premium 118118 +44118118"},
			{"0909123456", "premium"},
			{"07012345678", "premium"},
			{"08451234567", "shared_cost"},
			{"03001234567", "national"},
			{"08001111", "toll_free"},
			{"07400123456", "mobile 07400123456 +447400123456 GB"},
			{"01534123456", "national 01534123456 +441534123456 JE"},
			{"14102079460958", "local 14102079460958 +442079460958 GB 020 - caller_id_code"},
			{"147009091234567", "premium"},
			{"00442079460958", "local 00442079460958 +442079460958 GB 020 - own_country_code"},
			{"0014155552671", "international 0014155552671 +14155552671 US"},
			{"1234567", "invalid"},
			{"0800111", "invalid"},
		}},
		{"gb", "01223", "", [][2]string{{"312345", "local 312345 +441223312345 GB 01223"}, {"79460958", "invalid"}}},
		{"de", "06221", "9", [][2]string{{"9312345", "local 312345 +496221312345 DE 06221"}}},
		{"de", "030", "", [][2]string{
			{"110", "emergency"},
			{"115", "service"},
			{"116116", "service"},
			{"11833", "premium 11833 - DE"},
			{"123456", "local 123456 +4930123456 DE 030"},
			{"030123456", "local"},
			{"08912345678", "national 08912345678 +498912345678 DE 089"},
			{"015701234567", "mobile"},
			{"0900123456", "premium"},
			{"0137123", "premium"},
			{"01805123456", "shared_cost"},
			{"08001234567", "toll_free"},
			{"010012089123456", "national 010012089123456 +4989123456 DE 089 010012"},
			{"010130900123456", "premium"},
			{"*31#015701234567", "mobile *31#015701234567 +4915701234567 DE - - caller_id_code"},
		}},
		// The outside line that is also the trunk prefix, in a country of numbers of any length.
		{"de", "030", "0", [][2]string{
			{"0110", "emergency 110"},
			{"0123456", "local 123456 +4930123456"},
			{"0030123456", "local 030123456 +4930123456"},
			{"0089123456", "national 089123456 +4989123456"},
			{"00900123456", "premium 0900123456"},
		}},
	} {
		t.Run(tt.plan+" "+tt.area, func(t *testing.T) {
			p, err := numbering.Load(os.DirFS("testdata"), tt.plan)
			if err != nil {
				t.Fatal(err)
			}
			c := at(t, p, numbering.Home{Area: tt.area, OutsideLine: tt.outside}, nil)
			for _, row := range tt.rows {
				check(t, c, row[0], row[1])
			}
		})
	}
	us, err := numbering.Load(os.DirFS("testdata"), "us")
	if err != nil {
		t.Fatal(err)
	}
	for _, area := range []string{"000", "911", "416"} {
		if _, err := us.Classifier(numbering.Home{Area: area}, nil); err == nil {
			t.Errorf("a plan without areas accepted the area %q", area)
		}
	}
}
