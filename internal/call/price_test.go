package call

import (
	"math/big"
	"math/rand/v2"
	"testing"
	"time"
)

// exact is what the cost is by the book, in rational numbers.
func exact(p Price, seconds int64, r Rounding) int64 {
	micro := big.NewInt(int64(p.Fee))
	left := max(1, seconds)
	if p.First > 0 {
		micro.Add(micro, big.NewInt(int64(p.Initial)))
		left -= int64(p.First)
	}
	for begun := (max(0, left) + int64(p.Increment) - 1) / int64(p.Increment); begun > 0; begun = 0 {
		micro.Add(micro, new(big.Int).Mul(big.NewInt(begun), big.NewInt(int64(p.Each))))
	}
	whole, part := new(big.Int).QuoRem(micro, big.NewInt(1_000_000), new(big.Int))
	half := part.Cmp(big.NewInt(500_000))
	up := r == RoundUp && part.Sign() > 0 || r == RoundHalfUp && half >= 0 ||
		r == RoundHalfEven && (half > 0 || half == 0 && whole.Bit(0) == 1)
	if up {
		whole.Add(whole, big.NewInt(1))
	}
	return min(MaxCost, whole.Int64())
}

func anyPrice(r *rand.Rand) Price {
	amounts := []int64{0, 1, 350_000, 500_000, 600_000, 999_999, 1_000_000, 60_000_000, int64(MaxPrice)}
	amount := func() Micro {
		if r.IntN(4) == 0 {
			return Micro(r.Int64N(200_000_000))
		}
		return Micro(amounts[r.IntN(len(amounts))])
	}
	p := Price{Fee: amount(), Increment: []int{1, 6, 30, 60, 180, 86400}[r.IntN(6)], Each: amount()}
	if r.IntN(2) == 0 {
		p.First, p.Initial = 1+r.IntN(300), amount()
	}
	return p
}

// TestCostIsExact holds costs to rational numbers, and to what they have to be like: never less for a longer call; what a
// rest pays for costs no more than the rest, and one second more does.
func TestCostIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2)) // the same numbers each time
	at := time.Unix(1_700_000_000, 0)
	for range 3000 {
		terms := Terms{Rounding: []Rounding{RoundUp, RoundDown, RoundHalfUp, RoundHalfEven}[r.IntN(4)]}
		for i := range 1 + r.IntN(3) {
			terms.Steps = append(terms.Steps, Step{From: at.Unix() + int64(i*60), Price: anyPrice(r)})
		}
		seconds := []int64{0, 1, 59, 60, 61, r.Int64N(4000), LongestCall, 366 * 24 * 3600}[r.IntN(8)]
		i := r.IntN(len(terms.Steps))
		answered := at.Add(time.Duration(i*60+r.IntN(60)) * time.Second)
		if got, want := terms.Cost(answered, seconds), exact(terms.Steps[i].Price, seconds, terms.Rounding); got != want {
			t.Fatalf("%+v for %d s at step %d costs %d, want %d", terms, seconds, i, got, want)
		}
		if a, b := terms.Worst(seconds), terms.Worst(seconds+1); a > b || a < terms.Cost(answered, seconds) {
			t.Fatalf("%+v: %d s cost at worst %d, one more %d", terms, seconds, a, b)
		}
		rest := []int64{-1, 0, 1, r.Int64N(1000), r.Int64N(1_000_000), MaxCost}[r.IntN(6)]
		n := terms.Affordable(rest)
		if n > 0 && terms.Worst(int64(n)) > rest || n < LongestCall && terms.Worst(int64(n)+1) <= rest {
			t.Fatalf("%+v: %d pay for %d s, which cost %d, and one more %d", terms, rest, n, terms.Worst(int64(n)), terms.Worst(int64(n)+1))
		}
	}
}

func TestMoneyForPeople(t *testing.T) {
	for got, want := range map[string]string{
		Money(1234, "CNY"): "12.34 CNY", Money(-5, "EUR"): "-0.05 EUR", Money(0, "CNY"): "0.00 CNY", Money(1234, "JPY"): "1234 JPY",
		Money(1234, "KWD"): "1.234 KWD", Micro(600_000).String(): "0.6", Micro(60_000_000).String(): "60", Micro(1).String(): "0.000001",
		Micro(-500_000).String(): "-0.5", Micro(0).String(): "0",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestBalance carries the rest, and the overrun, of earlier months over, within Since and Month.
func TestBalance(t *testing.T) {
	months := []AccountMonth{
		{Month: "2025-12", Amount: 100, Used: 0}, {Month: "2026-01", Amount: 50, Used: 80}, {Month: "2026-03", Amount: 100, Used: 30, Reserved: 20},
		{Month: "2026-04", Amount: 100, Used: 7, Reserved: 3}, {Month: "2026-05", Amount: 100, Used: 99},
	}
	for since, want := range map[string]Balance{
		"2026-04": {Granted: 100, Used: 7, Reserved: 3},
		"2026-03": {Granted: 150, Carried: 50, Used: 7, Reserved: 3},
		"2026-01": {Granted: 220, Carried: -30 + 100 + 50, Used: 7, Reserved: 3}, // nothing was used in February
	} {
		a := Allowance{Amount: 100, Since: since, Month: "2026-04"}
		if got := a.Balance(months); got != want || got.Rest() != want.Granted-10 {
			t.Errorf("since %s: got %+v, want %+v", since, got, want)
		}
	}
	for b, want := range map[Balance]int64{
		{Granted: 100, Used: 79}: 79, {Granted: 0, Used: 1}: 100, {Granted: -5}: 0, {Granted: 3, Used: 2}: 66,
		{Granted: MaxCost, Used: 2 * MaxCost}: 200,
	} {
		if got := b.Share(); got != want {
			t.Errorf("%+v: %d %%, want %d", b, got, want)
		}
	}
}
