package numbering

import "github.com/dialwarden/dialwarden/internal/yamlfile"

// file is a number plan as it stands in YAML.
type file struct {
	Name          string                  `yaml:"name"`
	CountryCode   text                    `yaml:"country_code"`
	Regions       []text                  `yaml:"regions"`
	International []text                  `yaml:"international_prefixes"`
	Trunk         text                    `yaml:"trunk_prefix"`
	TrunkOptional bool                    `yaml:"trunk_optional"`
	AreaPrefix    text                    `yaml:"area_prefix"`
	Emergency     []text                  `yaml:"emergency"`
	CallerID      []text                  `yaml:"caller_id_codes"`
	Carriers      []located[carrierEntry] `yaml:"carrier_prefixes"`
	Numbers       []located[numberEntry]  `yaml:"numbers"`
	Subscribers   subscriberEntry         `yaml:"subscribers"`
	Areas         []located[areaEntry]    `yaml:"areas"`
	Abroad        []located[abroadEntry]  `yaml:"abroad"`
}

// carrierEntry is a carrier-selection code; X in it is any digit.
type carrierEntry struct {
	Prefix text   `yaml:"prefix"`
	Name   string `yaml:"name"`
}

// numberEntry says what numbers with these prefixes are.
type numberEntry struct {
	Name      string            `yaml:"name"`
	Class     located[string]   `yaml:"class"`
	Prefixes  []text            `yaml:"prefixes"`
	Lengths   []located[int]    `yaml:"lengths"` // digits in all, the prefix included
	AnyLength bool              `yaml:"any_length"`
	Forms     []located[string] `yaml:"forms"`
	Region    located[string]   `yaml:"region"` // where it is not the first of regions
	Risk      []located[string] `yaml:"risk"`
}

// subscriberEntry says what subscriber numbers begin with.
type subscriberEntry struct {
	Bare       []text `yaml:"bare"`
	BehindArea []text `yaml:"behind_area"`
}

// areaEntry is one area, or several of which the same is to be said.
type areaEntry struct {
	Code    text            `yaml:"code"`  // without the trunk prefix
	Codes   []text          `yaml:"codes"` // several, also as ranges; instead of Code
	Name    string          `yaml:"name"`
	Lengths []located[int]  `yaml:"lengths"` // digits of a subscriber number
	Region  located[string] `yaml:"region"`  // where it is not the first of regions
	Within  text            `yaml:"within"`  // the shorter code that this one begins with, where both are in use
	Places  []string        `yaml:"places"`  // where the area's mobiles are registered, in the library's words; empty means Name. Where no area has any, mobiles have no area
}

// abroadEntry says what is known about foreign numbers with these prefixes (country code first).
type abroadEntry struct {
	Name     string            `yaml:"name"`
	Class    located[string]   `yaml:"class"`
	Prefixes []text            `yaml:"prefixes"`
	Lengths  []located[int]    `yaml:"lengths"` // digits in all, the country code included; empty means any
	Region   located[string]   `yaml:"region"`
	Risk     []located[string] `yaml:"risk"`
}

// The parts of the file that know where they stand, so that a mistake in them can be shown.
type (
	text           = yamlfile.Digits
	located[T any] = yamlfile.Located[T]
	position       = yamlfile.Position
)
