package call

import (
	"math/bits"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Micro is an amount of money in millionths of a minor unit: prices are written with up to six decimals, and are counted
// exactly until the cost of a call is rounded, once.
type Micro int64

// Of money. A sum that would be greater stays at the greatest.
const (
	minor               = 1_000_000                // Micro of a minor unit
	MaxCost             = int64(1_000_000_000_000) // minor units that one call can cost
	MaxPrice      Micro = 1_000_000_000 * minor    // of one increment
	maxMicro      Micro = Micro(MaxCost) * minor   // fits into an int64
	AssumedLength       = 3600                     // seconds that are reserved for a call without a cap
)

// String writes the amount in minor units, exactly: 0.6.
func (m Micro) String() string {
	whole, part := int64(m)/minor, int64(m)%minor
	text := strconv.FormatInt(whole, 10)
	if part == 0 {
		return text
	}
	digits := strconv.FormatInt(minor+max(part, -part), 10)[1:]
	if whole == 0 && part < 0 {
		text = "-0"
	}
	return text + "." + strings.TrimRight(digits, "0")
}

// Rounding says how the cost of a call becomes whole minor units.
type Rounding string

// The ways of rounding.
const (
	RoundUp       Rounding = "up"
	RoundDown     Rounding = "down"
	RoundHalfUp   Rounding = "half_up"
	RoundHalfEven Rounding = "half_even"
)

// of rounds an amount that is not below zero.
func (r Rounding) of(m Micro) int64 {
	whole, part := int64(m)/minor, int64(m)%minor
	switch r {
	case RoundDown:
		part = 0
	case RoundHalfUp:
		part = max(0, part-minor/2+1)
	case RoundHalfEven:
		part = max(0, part-minor/2+whole%2)
	}
	if part > 0 {
		whole++
	}
	return whole
}

// Price is what a call costs that is answered: a fee, a price for its first seconds where they have one of their own, and
// a price for every increment that begins after them.
type Price struct {
	Fee       Micro `json:"fee"`
	First     int   `json:"first"` // seconds that Initial pays for, however short the call is; 0: none
	Initial   Micro `json:"initial"`
	Increment int   `json:"increment"` // seconds, at least 1
	Each      Micro `json:"each"`
}

// of is the exact cost of so many seconds; an answered call has at least one.
func (p Price) of(seconds int64) Micro {
	sum := min(p.Fee, maxMicro)
	if p.First > 0 {
		sum = min(sum+min(p.Initial, maxMicro), maxMicro)
	}
	step := int64(max(1, p.Increment))
	left := max(0, max(1, seconds)-int64(p.First))
	begun := left / step
	if left%step > 0 {
		begun++
	}
	high, low := bits.Mul64(uint64(max(0, p.Each)), uint64(begun))
	if high > 0 || low > uint64(maxMicro) {
		return maxMicro
	}
	return min(sum+Micro(low), maxMicro)
}

// Step is a price and the moment from which it counts.
type Step struct {
	From  int64 `json:"from"` // seconds since 1970
	Price Price `json:"price"`
}

// Terms are what a call to a number costs. The price at the moment of the answer is that of the whole call; as it is
// not known beforehand when that will be, there are those of the time in which it may be. Terms without steps cost
// nothing.
type Terms struct {
	Rounding Rounding `json:"rounding"`
	Steps    []Step   `json:"steps"` // the first counts from the beginning of time; by time
}

// Cost is what a call costs that was answered at a moment and lasted so many seconds, in minor units.
func (t Terms) Cost(answered time.Time, seconds int64) int64 {
	if len(t.Steps) == 0 {
		return 0
	}
	at := sort.Search(len(t.Steps), func(i int) bool { return t.Steps[i].From > answered.Unix() })
	return t.Rounding.of(t.Steps[max(0, at-1)].Price.of(seconds))
}

// Worst is what a call of so many seconds costs at most, whenever it is answered.
func (t Terms) Worst(seconds int64) int64 {
	var worst Micro
	for _, s := range t.Steps {
		worst = max(worst, s.Price.of(seconds))
	}
	return t.Rounding.of(worst)
}

// Affordable is the greatest number of seconds, LongestCall at most, that cost no more than rest, whenever the call is
// answered; 0 if rest does not pay for one second.
func (t Terms) Affordable(rest int64) int {
	return sort.Search(LongestCall, func(n int) bool { return t.Worst(int64(n)+1) > rest })
}

// Rate is what the policy is told about the cost of calling a number.
type Rate struct {
	Known         bool   `json:"known"`          // data/rates.yaml has a rate for the number; else all below is empty and 0
	Price         string `json:"price"`          // of an increment, in minor units, exactly: 0.6; now
	ConnectionFee string `json:"connection_fee"` // in minor units, exactly; now
	Increment     int    `json:"increment"`      // seconds
	// Minor units for a call of one minute, and of ten, at the dearest price of the next hour.
	MinuteMinor     int64 `json:"minute_minor"`
	TenMinutesMinor int64 `json:"ten_minutes_minor"`
}

// RateOf tells the policy about terms.
func RateOf(t Terms) Rate {
	r := Rate{Known: true, Price: "0", ConnectionFee: "0", Increment: 1, MinuteMinor: t.Worst(60), TenMinutesMinor: t.Worst(600)}
	if len(t.Steps) > 0 {
		now := t.Steps[0].Price
		r.Price, r.ConnectionFee, r.Increment = now.Each.String(), now.Fee.String(), now.Increment
	}
	return r
}

// Decimals of currencies whose minor unit is not a hundredth (ISO 4217).
var currencyDecimals = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0,
	"XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}

// Money writes an amount of minor units for people: 1234 in CNY is 12.34 CNY.
func Money(minorUnits int64, currency string) string {
	decimals, ok := currencyDecimals[currency]
	if !ok {
		decimals = 2
	}
	text := strconv.FormatInt(minorUnits, 10)
	sign := ""
	if minorUnits < 0 {
		sign, text = "-", text[1:]
	}
	if decimals > 0 {
		text = strings.Repeat("0", max(0, decimals+1-len(text))) + text
		text = text[:len(text)-decimals] + "." + text[len(text)-decimals:]
	}
	return strings.TrimSpace(sign + text + " " + currency)
}
