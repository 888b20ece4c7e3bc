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
	Name      string   `yaml:"name"`
	Class     string   `yaml:"class"`
	Prefixes  []text   `yaml:"prefixes"`
	Lengths   []int    `yaml:"lengths"` // digits in all, the prefix included
	AnyLength bool     `yaml:"any_length"`
	Forms     []string `yaml:"forms"`
	Risk      []string `yaml:"risk"`
}

// subscriberEntry says what subscriber numbers begin with.
type subscriberEntry struct {
	Bare       []text `yaml:"bare"`
	BehindArea []text `yaml:"behind_area"`
}

// areaEntry is one area.
type areaEntry struct {
	Code    text     `yaml:"code"` // without the trunk prefix
	Name    string   `yaml:"name"`
	Lengths []int    `yaml:"lengths"` // digits of a subscriber number
	Places  []string `yaml:"places"`  // where the area's mobiles are registered, in the library's words; empty means Name
}

// abroadEntry says what is known about foreign numbers with these prefixes (country code first).
type abroadEntry struct {
	Name     string   `yaml:"name"`
	Class    string   `yaml:"class"`
	Prefixes []text   `yaml:"prefixes"`
	Region   string   `yaml:"region"`
	Risk     []string `yaml:"risk"`
}

// The parts of the file that know where they stand, so that a mistake in them can be shown.
type (
	text           = yamlfile.Digits
	located[T any] = yamlfile.Located[T]
	position       = yamlfile.Position
)
