// Package numbering turns dialled digits into a call.Number. It classifies what will reach the carrier, not what was
// typed: the class of a number decides the call, so this is where a caller cheats.
//
// Everything about a country stands in a number plan, a YAML file under plans/ that an admin can read and change;
// plans/cn.yaml explains every field. A number has a form, the way in which it was reached:
//
//	bare     dialled as it is                      16812345   62345678   95588
//	trunk    behind the trunk prefix               0 13800138000   0 21 62345678
//	area     behind an area code                   021 16812345   010 95588
//	country  behind the plan's own country code    +86 21 62345678
//
// docs/number-plans.md tells how to read and write one; policy/schema/plan.json describes it to editors.
//
// For each form the plan gives a table of prefixes; the longest prefix decides what a number is, and its lengths decide
// whether there is such a number. Then come the areas: those that the plan lists, or, where it lists none, those that
// the phonenumbers library knows; it is also asked for what is in no area of a plan whose country code other countries
// share. Foreign numbers are the library's, but for what the plan lists under abroad.
//
// # Order of normalising
//
//  1. What is no dial string (call.IsDialString) is invalid.
//  2. An emergency number, exactly, with or without the outside line in front.
//  3. An extension or a short number of the directory, exactly.
//  4. What stands in front is stripped, again and again: the outside line, caller-ID codes, carrier prefixes; then the
//     international prefix or the trunk prefix. A code is stripped only where the string is no number as it stands
//     (193 is a carrier prefix and a mobile range). Behind the own country code, codes are stripped again.
//  5. The tables decide, then the library.
//  6. What follows an area code is looked up again, in the table of the form area. What is no number of that area, and
//     a premium number if it stood alone, is one there, too; so it is behind the own country code.
//
// Explain tells these steps for one number.
//
// # The outside line
//
// It is optional: it is stripped where what follows is a possible number (any class but invalid), else the string is
// read as dialled. Where both readings are possible, the number is the one without the outside line, because that is
// what goes to the trunk, but it takes the class of the costlier reading and the risk ambiguous_outside_line. Cost is
// the order of call.Classes. The costlier reading must be a number that the plan or the library knows: with the outside
// line 0, 0 013800138000 is a mobile, though 00 1 380 013 8000 has the length of a North American number.
package numbering

// Risks that this package finds. A number plan may add words of its own: cn.yaml uses satellite, satellite_mobile,
// global_network, personal_number, caribbean, irsf (countries whose numbers are much used for international revenue
// share fraud), machine_number and emergency_behind_area.
const (
	RiskAmbiguousOutsideLine = "ambiguous_outside_line" // both readings are possible; the costlier class was taken
	RiskCallerIDCode         = "caller_id_code"         // a code in front hides or shows the caller's number
	RiskStackedPrefixes      = "stacked_prefixes"       // more than one carrier prefix
	RiskOwnCountryCode       = "own_country_code"       // a national number dialled as an international one
	RiskPremiumBehindArea    = "premium_behind_area"    // a premium number behind an area code
	RiskPremiumBehindCarrier = "premium_behind_carrier" // a premium number behind a carrier prefix
	RiskForeignPremium       = "foreign_premium"        // a premium number of another country or of a global network
)
