// Package tariff knows what calls cost (data/rates.yaml) and which allowances pay for them (data/allowances.yaml).
//
// A price is written in minor units, with up to six decimals, and is never a binary fraction: the text is read digit by
// digit, costs are counted in millionths of a minor unit (call.Micro), and are rounded to minor units once for each call.
//
// Of the rates that fit a number the longest prefix counts; where none fits, a list that the number is in (the first by
// name), else its class, else a rate for everything. Of the rates that fit equally, the newest that has begun counts, by
// the site's calendar; where none has begun, the next best fit. Calls inside the house, emergency calls and toll-free numbers that no
// rate fits cost nothing. What calls to other numbers that no rate fits cost is not known, which is not the same: an
// allowance that refuses does not pay for them.
package tariff
