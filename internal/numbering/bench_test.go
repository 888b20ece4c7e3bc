package numbering_test

import (
	"testing"

	"github.com/dialwarden/dialwarden/internal/numbering"
)

func BenchmarkClassify(b *testing.B) {
	c := at(b, china(b), beijing, staff())
	for _, bb := range []struct{ name, dialled string }{
		{"emergency", "9110"},
		{"internal", "101"},
		{"local", "962345678"},
		{"national", "902162345678"},
		{"mobile", "9013800138000"},
		{"premium", "9*31#1795102116812345"},
		{"service", "95588"},
		{"hongkong", "90085221234567"},
		{"newyork", "90012125551234"},
		{"jamaica", "90018765551234"},
		{"london", "900442079460958"},
		{"invalid", "9558812345"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Classify(bb.dialled)
			}
		})
	}
}

// BenchmarkPlans classifies at a site of each shipped plan: its number of areas (30 to 5,000) must not show.
func BenchmarkPlans(b *testing.B) {
	for _, bb := range []struct {
		plan, area string
		dialled    map[string]string
	}{
		{"us", "212", map[string]string{"local": "95551234", "national": "917185551234", "premium": "9*67101028819005551234", "canada": "914165551234"}},
		{"gb", "020", map[string]string{"local": "979460958", "national": "901223312345", "mobile": "907912345678", "premium": "9141128009091234567"}},
		{"de", "030", map[string]string{"local": "9123456", "national": "906221312345", "mobile": "9015701234567", "premium": "9*31#010130900123456"}},
	} {
		c := at(b, shipped(b, bb.plan), numbering.Home{Area: bb.area, OutsideLine: "9"}, nil)
		for name, dialled := range bb.dialled {
			b.Run(bb.plan+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					c.Classify(dialled)
				}
			})
		}
	}
}
