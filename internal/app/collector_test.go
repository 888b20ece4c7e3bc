package app

import "testing"

// A small heap may grow fourfold, a large one by no more than a small one.
func TestRelaxation(t *testing.T) {
	for inUse, want := range map[uint64]int{0: 400, 10 << 20: 400, 64 << 20: 400, 256 << 20: 100, 512 << 20: 50, 8 << 30: 20} {
		if got := relaxation(inUse); got != want {
			t.Errorf("%d MiB in use: %d %%, want %d", inUse>>20, got, want)
		}
	}
}
