package numbering_test

import (
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/dialwarden/dialwarden/internal/numbering"
)

// TestTable is the table of facts, row by row: class, digits, E.164, region, area, carrier prefix, risks.
func TestTable(t *testing.T) {
	c := at(t, china(t), beijing, nil)
	for _, tt := range []struct{ dialled, want string }{
		{"16812345", "premium 16812345 +8616812345 CN - - -"},
		{"16897788", "premium"},
		{"16012345", "premium"},
		{"016812345", "premium 016812345 +8616812345 CN"},
		{"1681234", "premium"},
		{"168", "premium"},
		{"016812345678", "premium 016812345678 +8616812345678"},
		{"02116812345", "premium 02116812345 +862116812345 CN 021 - premium_behind_area"},
		{"01016897788", "premium 01016897788 +861016897788 CN 010 - premium_behind_area"},
		{"051216812345", "premium 051216812345 +8651216812345 CN 0512"},
		{"1795116812345", "premium 1795116812345 +8616812345 CN - 17951 premium_behind_carrier"},
		{"9016812345", "premium 016812345 +8616812345"},
		{"16212345678", "mobile 16212345678 +8616212345678 CN"},
		{"16512345678", "mobile"},
		{"16612345678", "mobile"},
		{"16712345678", "mobile"},
		{"96168", "service 96168 - CN - - -"},
		{"962121", "service 962121 - CN"},
		{"95588", "service 95588 - CN"},
		{"9558812345", "invalid 9558812345 - - - - -"},
		{"110", "emergency 110 - CN - - -"},
		{"119", "emergency"},
		{"120", "emergency"},
		{"122", "emergency"},
		{"112", "emergency"},
		{"12110", "service"},
		{"12395", "service"},
		{"12315", "service"},
		{"12345", "service"},
		{"13800138000", "mobile 13800138000 +8613800138000 CN 010"},
		{"013800138000", "mobile 013800138000 +8613800138000 CN 010"},
		{"01062345678", "local 01062345678 +861062345678 CN 010 - -"},
		{"02112345678", "national 02112345678 +862112345678 CN 021 - -"},
		{"62345678", "local 62345678 +861062345678 CN 010 - -"},
		{"4008123456", "shared_cost 4008123456 +864008123456 CN - - -"},
		{"8008101234", "toll_free 8008101234 +868008101234 CN - - -"},
		{"1790901062345678", "national 1790901062345678 +861062345678 CN 010 17909 -"},
		{"1790902162345678", "national 1790902162345678 +862162345678 CN 021 17909 -"},
		{"17951013800138000", "mobile 17951013800138000 +8613800138000 CN 010 17951 -"},
		{"19301062345678", "national 19301062345678 +861062345678 CN 010 193 -"},
		{"19602162345678", "national 19602162345678 +862162345678 CN 021 196 -"},
		{"1019301062345678", "national 1019301062345678 +861062345678 CN 010 10193 -"},
		{"1259313800138000", "mobile 1259313800138000 +8613800138000 CN 010 12593 -"},
		{"19316812345", "mobile 19316812345 +8619316812345 CN"},
		{"19612345678", "mobile 19612345678 +8619612345678"},
		{"0085221234567", "international 0085221234567 +85221234567 HK - - -"},
		{"14912345678", "mobile 14912345678 +8614912345678 CN"},
		{"14412345678", "mobile 14412345678 +8614412345678 CN"},
		{"1400123456789", "mobile 1400123456789 +861400123456789 CN - - machine_number"},
		{"1440123456789", "mobile 1440123456789 +861440123456789 CN - - machine_number"},
		{"0019005551234", "premium 0019005551234 +19005551234 US - - foreign_premium"},
		{"00449098790000", "premium 00449098790000 +449098790000 GB - - foreign_premium"},
		{"00979123456789", "premium 00979123456789 +979123456789 001 - - foreign_premium"},
		{"0019765551234", "premium 0019765551234 +19765551234 US"},
		{"0044118118", "premium 0044118118 +44118118 GB"},
		{"00881612345678", "satellite 00881612345678 +881612345678 001 - - satellite"},
		{"0088216123456", "satellite 0088216123456 +88216123456 001 - - satellite,global_network"},
		{"00883510012345678", "satellite 00883510012345678 +883510012345678 001"},
		{"00870773111632", "satellite 00870773111632 +870773111632 001"},
		{"0018765551234", "international 0018765551234 +18765551234 JM - - caribbean"},
		{"0018095551234", "international 0018095551234 +18095551234 DO - - caribbean"},
		{"00447012345678", "international 00447012345678 +447012345678 GB - - personal_number"},
	} {
		check(t, c, tt.dialled, tt.want)
	}
}

// TestVoiceLines: the example in the shipped plan of how to list voice lines of one's town works as it stands.
func TestVoiceLines(t *testing.T) {
	data, err := os.ReadFile("../../policy/plans/cn.yaml")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), "  # - name: Voice lines\n")
	if !ok {
		t.Fatal("the plan has no example")
	}
	example, after, _ := strings.Cut(rest, "\n\n")
	text := before + "  - name: Voice lines\n" + strings.ReplaceAll(example, "  #   ", "    ") + "\n\n" + after
	p, err := numbering.Load(fstest.MapFS{"plans/cn.yaml": {Data: []byte(text)}}, "cn")
	if err != nil {
		t.Fatal(err)
	}
	c := at(t, p, beijing, nil)
	check(t, c, "96000", "premium 96000 +8696000 CN")
	check(t, c, "996000", "premium 96000")
	check(t, c, "9600012", "premium")
	check(t, c, "02196000", "premium 02196000 +862196000 CN 021 - premium_behind_area")
	check(t, c, "96168", "service")
}

// TestConcurrent lets the race detector look at a classifier in use.
func TestConcurrent(t *testing.T) {
	c := at(t, china(t), beijing, staff())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, dialled := range []string{"9110", "101", "16812345", "013800138000", "0018765551234", "0044118118", "17951021168"} {
				n := c.Classify(dialled)
				_ = append(n.Risk, "mine")
			}
		})
	}
	wg.Wait()
}

// TestNumbers are numbers that the table of facts leaves to judgement.
func TestNumbers(t *testing.T) {
	c := at(t, china(t), beijing, nil)
	for _, tt := range []struct{ dialled, want string }{
		// short numbers
		{"10086", "service 10086 - CN"},
		{"1008611", "service"},
		{"10000", "service"},
		{"10010", "service"},
		{"114", "service"},
		{"116114", "service"},
		{"117", "service"},
		{"12117", "service"},
		{"12306", "service"},
		{"95105105", "service"},
		{"10105757", "shared_cost"},
		{"12590", "premium"},
		{"125901234", "premium"},
		// short numbers behind an area code are what they are in that town
		{"01095588", "service 01095588 - CN 010 - -"},
		{"02112345", "service 02112345 - CN 021 - -"},
		{"02196168", "service 02196168 - CN 021"},
		{"021962121", "service"},
		{"01010086", "service 01010086 - CN 010"},
		{"+8695588", "service +8695588 - CN - - own_country_code"},
		// the police of another town: a call, but no emergency call
		{"021110", "service 021110 - CN 021 - emergency_behind_area"},
		// what begins with an emergency number is nothing else by accident
		{"11012345678", "invalid 11012345678 - - - - -"},
		{"11012345", "invalid"},
		{"12012345", "invalid"},
		{"01011012345", "invalid"},
		{"02112012345", "invalid"},
		{"1101", "invalid"},
		{"911012345", "invalid"},
		{"91101234", "invalid"},
		{"110#", "invalid"},
		{"00110", "invalid"},
		{"0110", "invalid"},
		{"17909110", "invalid"},
		{"*31#110", "invalid"},
		{"+86110", "invalid"},
		{"+110", "invalid"},
		{"99110", "invalid 99110"},
		// lengths
		{"623456", "invalid"},
		{"6234567", "invalid"},
		{"623456789", "invalid"},
		{"0106234567", "invalid"},
		{"010623456789", "invalid"},
		{"03102345678", "national 03102345678 +863102345678 CN 0310 - -"},
		{"031023456789", "invalid"},
		{"037162345678", "national 037162345678 +8637162345678 CN 0371"},
		{"03716234567", "invalid"},
		{"1380013800", "invalid"},
		{"138001380000", "invalid"},
		{"400812345", "invalid"},
		{"40081234567", "invalid"},
		{"0", "invalid"},
		{"00", "invalid"},
		{"9", "invalid 9"},
		{"+", "invalid -"},
		// what nobody has
		{"15412345678", "unknown 15412345678 +8615412345678 CN"},
		{"16412345678", "unknown"},
		{"0999912345", "invalid"},
		{"02612345678", "invalid"},
		{"085221234567", "invalid"},
		// a needless 0
		{"04008123456", "shared_cost"},
		{"08008101234", "toll_free"},
		{"010086", "invalid"},
		{"095588", "invalid"},
		// satellite telephones with a mobile number
		{"17401234567", "mobile 17401234567 +8617401234567 CN - - satellite_mobile"},
		// codes and signs
		{"*21*16812345#", "invalid *21*16812345#"},
		{"**", "invalid"},
		{"#31#", "invalid"},
		{"*31#", "invalid"},
		{"16812345#", "invalid"},
		{"1381234567#", "invalid"},
		{"00852*1234567", "invalid"},
	} {
		check(t, c, tt.dialled, tt.want)
	}
}

func TestNoDialString(t *testing.T) {
	c := at(t, china(t), beijing, nil)
	for _, dialled := range []string{
		"", "SIP/101", "62345678&SIP/101", "62345678,30", "62345678/n", "w62345678", "62345678p1", "623;45678", "110 ", " 110", "110\n",
		"\x00", "6２345678", "12+3", "++86", "9+8613800138000", "17951+8613800138000", strings.Repeat("1", 33), strings.Repeat("9", 1<<16),
	} {
		n := c.Classify(dialled)
		if got := show(n.Number); got != "invalid - - - - - -" || n.Dialled != dialled || n.Risk == nil {
			t.Errorf("%.40q: got %s", dialled, got)
		}
	}
}

func TestAbroad(t *testing.T) {
	c := at(t, china(t), beijing, nil)
	for _, tt := range []struct{ dialled, want string }{
		{"+85221234567", "international +85221234567 +85221234567 HK"},
		{"0085328712345", "international 0085328712345 +85328712345 MO"},
		{"00886223456789", "international 00886223456789 +886223456789 TW"},
		{"90012125551234", "international 0012125551234 +12125551234 US"},
		{"0014165551234", "international 0014165551234 +14165551234 CA"},
		{"00390212345678", "international 00390212345678 +390212345678 IT"},
		{"004930123456", "international 004930123456 +4930123456 DE"},
		{"0085212345678", "international 0085212345678 +85212345678 HK"}, // possible; nobody knows the type
		{"0085290012345678", "premium"},                                  // 900 in Hong Kong, from the library
		{"0033810123456", "international"},                               // shared cost is not from here
		{"0018005551234", "international"},                               // nor is freephone
		{"0080012345678", "international 0080012345678 +80012345678 001 - - global_network"},
		{"0012129761234", "premium"},
		{"005352345678", "international 005352345678 +5352345678 CU - - irsf"},
		{"0037126123456", "international 0037126123456 +37126123456 LV - - irsf"},
		// the trunk prefix of the other country, which some networks forgive
		{"004409098790000", "premium 004409098790000 +449098790000 GB"},
		{"0044002079460958", "international 0044002079460958 +442079460958 GB"},
		{"00440701234567890", "invalid"},
		// impossible
		{"008522123", "invalid"},
		{"00852212345678901", "invalid"},
		{"00999123456", "invalid"},
		{"00210123456", "invalid"},
		{"001", "invalid"},
		{"000", "invalid"},
		{"0000441234567890", "invalid"},
		{"+0085221234567", "invalid"},
		{"+16812345", "invalid"},
		{"001900", "premium"},
		{"00190055512345678", "premium"},
		{"0088161234567890123", "invalid"},
	} {
		check(t, c, tt.dialled, tt.want)
	}
}

// TestStacked are the ways to hide what reaches the carrier.
func TestStacked(t *testing.T) {
	c := at(t, china(t), beijing, nil)
	for _, tt := range []struct{ dialled, want string }{
		{"9*31#1795102116812345", "premium *31#1795102116812345 +862116812345 CN 021 17951 premium_behind_area,premium_behind_carrier,caller_id_code"},
		{"*31#9021168123", "premium *31#021168123"},
		{"*31#1790902162345678", "national *31#1790902162345678 +862162345678 CN 021 17909 caller_id_code"},
		{"9*31#9*67062345678", "invalid"},
		{"9*31#9*6762345678", "local *31#*6762345678 +861062345678"},
		{"14116812345", "premium"},
		{"9917951021168", "premium 17951021168"},
		{"9999916812345", "premium 16812345"},
		{"1795116012345", "premium"},
		{"17951051216812345", "premium"},
		{"179511790916812345", "premium 179511790916812345 +8616812345 CN - 17951 premium_behind_carrier,stacked_prefixes"},
		{"17951193010168123", "premium"},
		{"179510085221234567", "international 179510085221234567 +85221234567 HK - 17951 -"},
		{"179510019005551234", "premium 179510019005551234 +19005551234 US - 17951 foreign_premium,premium_behind_carrier"},
		{"17951*31#02116812345", "premium"},
		{"+862116812345", "premium +862116812345 +862116812345 CN 021 - premium_behind_area,own_country_code"},
		{"008616812345", "premium 008616812345 +8616812345"},
		{"0086021168123", "premium"},
		{"+8617951168123", "premium +8617951168123 +86168123 CN - 17951 premium_behind_carrier,own_country_code"},
		{"00861795102116812345", "premium"},
		{"00861790900861795116812345", "premium"},
		{"90019005551234", "premium"},
		{"+8613800138000", "mobile +8613800138000 +8613800138000 CN 010 - own_country_code"},
		{"+861062345678", "local +861062345678 +861062345678 CN 010 - own_country_code"},
		{"008602162345678", "national 008602162345678 +862162345678 CN 021"},
		{"+8662345678", "invalid"},
		{"00860085221234567", "international 00860085221234567 +85221234567 HK"},
		{"17951" + "962121", "service 17951962121 - CN - 17951"},
		{"17951" + "9" + "16812345", "invalid"}, // behind a carrier prefix 9 is no outside line
		{"0" + "1795116812345", "invalid"},
		{"17951", "invalid"},
		{"1795162345678", "national 1795162345678 +861062345678 CN 010 17951"},
	} {
		check(t, c, tt.dialled, tt.want)
	}
}

func TestOtherHomes(t *testing.T) {
	p := china(t)
	for _, tt := range []struct {
		area, outside string
		rows          [][2]string
	}{
		{"021", "9", [][2]string{
			{"62345678", "local 62345678 +862162345678 CN 021"},
			{"02162345678", "local 02162345678 +862162345678 CN 021"},
			{"+862162345678", "local"},
			{"02112345678", "local"},
			{"01062345678", "national 01062345678 +861062345678 CN 010"},
			{"962345678", "local 62345678"},
			{"02116812345", "premium"},
		}},
		{"0310", "9", [][2]string{
			{"2345678", "local 2345678 +863102345678 CN 0310"},
			{"92345678", "local 2345678"},
			{"03102345678", "local"},
			{"62345678", "invalid"},
			{"01062345678", "national"},
			{"16812345", "premium"},
			{"031016812345", "premium"},
		}},
		{"433", "", [][2]string{ // seven or eight digits; written without the 0
			{"2345678", "local 2345678 +864332345678 CN 0433"},
			{"62345678", "local"},
			{"9110", "invalid"},
			{"962345678", "invalid"},
		}},
		{"010", "", [][2]string{
			{"110", "emergency"},
			{"9110", "invalid"},
			{"962345678", "invalid 962345678"},
			{"95588", "service"},
			{"016812345", "premium"},
		}},
		{"010", "0", [][2]string{
			{"0110", "emergency 110"},
			{"062345678", "local 62345678 +861062345678 CN 010 - -"},
			{"62345678", "local 62345678"},
			{"02162345678", "national 02162345678 +862162345678 CN 021 - -"}, // the 0 is the trunk's
			{"002162345678", "national 02162345678"},                         // the first 0 is the outside line
			{"013800138000", "mobile 13800138000 +8613800138000"},
			{"0085221234567", "international 0085221234567 +85221234567 HK"},
			{"00085221234567", "international 0085221234567"},
			{"016812345", "premium 16812345"},
			{"0016812345", "premium 016812345"},
			{"00021168123", "premium"},
			{"010086", "service 10086"},
			{"0013800138000", "mobile 013800138000 +8613800138000 CN 010 - -"}, // +1 380 013 8000 does not exist
			// both readings are possible: the costlier class, the digits without the outside line
			{"0037161234567", "international 037161234567 +8637161234567 CN 0371 - ambiguous_outside_line"},
			{"0019005551234", "premium 019005551234 +8619005551234 CN - - ambiguous_outside_line"},
			{"051212345", "service 51212345 +861051212345 CN 010 - ambiguous_outside_line"},
		}},
		{"010", "99", [][2]string{
			{"99110", "emergency 110"},
			{"110", "emergency"},
			{"9110", "invalid"},
			{"9916812345", "premium 16812345"},
			{"9995588", "service 95588"},
			{"9999021168", "premium"},
			{"962345678", "invalid"},
		}},
		{"010", "8", [][2]string{
			{"862345678", "local 62345678"},
			{"82345678", "local 82345678"},
			{"8008101234", "toll_free 8008101234"},
			{"88008101234", "toll_free 8008101234"},
			{"816812345", "premium 16812345"},
		}},
		{"010", "*9", [][2]string{{"*9110", "emergency 110"}, {"*9*31#02116812345", "premium *31#02116812345"}}},
	} {
		t.Run(tt.area+" "+tt.outside, func(t *testing.T) {
			c := at(t, p, numbering.Home{Area: tt.area, OutsideLine: tt.outside}, nil)
			for _, row := range tt.rows {
				check(t, c, row[0], row[1])
			}
		})
	}
}
