package numbering

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"

	"github.com/dialwarden/dialwarden/internal/call"
)

// globalNetwork is the region of country codes that belong to no country.
const globalNetwork = "001"

// maxCountryCode is the number of digits of the longest country code.
const maxCountryCode = 3

var countryCodes = phonenumbers.GetSupportedCallingCodes()

// countryCodeOf returns the country code that s begins with, or nothing.
func countryCodeOf(s string) string {
	for n := 1; n <= min(maxCountryCode, len(s)); n++ {
		if code, err := strconv.Atoi(s[:n]); err == nil && s[0] != '0' && countryCodes[code] {
			return s[:n]
		}
	}
	return ""
}

// regionsOf returns the regions of a country code, the main one first; nil where there is no such code.
func regionsOf(countryCode string) []string {
	code, err := strconv.Atoi(countryCode)
	if err != nil {
		return nil
	}
	return phonenumbers.GetRegionCodesForCountryCode(code)
}

// isRegion reports whether s is a country or the global network.
func isRegion(s string) bool { return s == globalNetwork || phonenumbers.GetSupportedRegions()[s] }

// IsRegion reports whether s is a country of ISO 3166-1 that has numbers, or 001 for the global networks.
func IsRegion(s string) bool { return isRegion(s) }

// parse makes the library's number of a country code and a national significant number, both digits. It returns nil
// for a number that is too long for the library.
func parse(countryCode, national string) *phonenumbers.PhoneNumber {
	code, err := strconv.ParseInt(countryCode, 10, 32)
	if err != nil {
		return nil
	}
	digits, err := strconv.ParseUint(national, 10, 64)
	if err != nil || len(national) > phonenumbers.MAX_LENGTH_FOR_NSN {
		return nil
	}
	code32 := int32(code)
	n := &phonenumbers.PhoneNumber{CountryCode: &code32, NationalNumber: &digits}
	if zeros := len(national) - len(strings.TrimLeft(national, "0")); zeros > 0 {
		leading, count := true, int32(min(zeros, len(national)-1))
		n.ItalianLeadingZero, n.NumberOfLeadingZeros = &leading, &count
	}
	return n
}

// isPossible reports whether a number has a length that its country knows.
func isPossible(n *phonenumbers.PhoneNumber) bool {
	return n != nil && phonenumbers.IsPossibleNumberWithReason(n) == phonenumbers.IS_POSSIBLE
}

// classOf says what class a number of this type has in its own country. A national number that is in no area, such as
// a VoIP number, is National: nothing says that it costs less.
func classOf(t phonenumbers.PhoneNumberType) call.Class {
	switch t {
	case phonenumbers.PREMIUM_RATE:
		return call.Premium
	case phonenumbers.TOLL_FREE:
		return call.TollFree
	case phonenumbers.SHARED_COST:
		return call.SharedCost
	case phonenumbers.MOBILE:
		return call.Mobile
	case phonenumbers.UNKNOWN:
		return call.Unknown
	}
	return call.National
}

// mobileArea returns the area where a mobile number was registered, written with the area prefix; empty where nobody
// knows it.
func (p *Plan) mobileArea(national string) string {
	if len(p.places) == 0 {
		return ""
	}
	n := parse(p.countryCode, national)
	if n == nil {
		return ""
	}
	place, err := phonenumbers.GetGeocodingForNumber(n, "en")
	if err != nil {
		return ""
	}
	if code, ok := p.places[place]; ok {
		return p.areaPrefix + code
	}
	return ""
}

// knowsArea reports whether the plan has the area, asking the library where the plan lists none. The library has no
// list either; so some numbers of that area are tried.
func (p *Plan) knowsArea(code string) bool {
	if len(p.areas) > 0 {
		return p.areas[code] != nil
	}
	for _, digits := range []string{"2345678901", "5550123456", "7946095812", "9012345678", "4987654321"} {
		for size := 3; size <= len(digits); size++ {
			n := parse(p.countryCode, code+digits[:size])
			if n != nil && slices.Contains(p.regions, phonenumbers.GetRegionCodeForNumber(n)) &&
				phonenumbers.GetLengthOfGeographicalAreaCode(n) == len(code) {
				return true
			}
		}
	}
	return false
}

// warmUp makes the library load its data and compile its patterns, so that no call pays for that.
var warmUp = sync.OnceFunc(func() {
	for region := range phonenumbers.GetSupportedRegions() {
		_ = phonenumbers.GetNumberType(phonenumbers.GetExampleNumber(region))
	}
	for code := range phonenumbers.GetSupportedGlobalNetworkCallingCodes() {
		_ = phonenumbers.GetNumberType(phonenumbers.GetExampleNumberForNonGeoEntity(code))
	}
	_, _ = phonenumbers.GetGeocodingForNumber(parse("86", "13800138000"), "en")
	_, _ = phonenumbers.GetGeocodingForNumber(parse("86", "15400000000"), "en")
})
