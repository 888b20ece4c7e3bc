package numbering_test

import (
	"testing"
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
