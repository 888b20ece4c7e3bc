package dialpaths

import (
	_ "embed"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// show is what Asterisk 22.10.1 has printed: dialplan show of three contexts, dialplan show globals, pjsip show endpoint 101.
//
//go:embed testdata/show.txt
var show string

func TestParse(t *testing.T) {
	s, err := Saved(show)
	if err != nil || len(s.Dialplan.Unread) > 0 {
		t.Fatal(err, s.Dialplan.Unread)
	}
	phones := s.Dialplan.contexts["phones"]
	if len(phones.extensions) != 7 || phones.registrar != "pbx_config" {
		t.Errorf("got %+v", phones)
	}
	if want := []include{{"dialwarden-outbound", false}, {"daytime", true}, {"features", false}}; !reflect.DeepEqual(phones.includes, want) {
		t.Errorf("includes are %+v", phones.includes)
	}
	if want := []string{"Realtime/foo@extensions", "Loopback/12@nine"}; !reflect.DeepEqual(s.Dialplan.contexts["daytime"].switches, want) {
		t.Errorf("switches are %q", s.Dialplan.contexts["daytime"].switches)
	}
	e := phones.extensions[1]
	want := []priority{
		{1, "start", "NoOp", `hello, "world" ${IF($["${FOO}" = "a,b"]?x:y)}`, "extensions.conf:19", false},
		{2, "", "GotoIf", "$[${X} > 1]?there:here", "extensions.conf:20", false},
		{3, "here", "Dial", "PJSIP/${EXTEN:1}@carrier,30,tTg", "extensions.conf:21", false},
		{4, "there", "Goto", "nine,${EXTEN},1", "extensions.conf:22", false},
		{5, "", "Hangup", "", "extensions.conf:23", false},
	}
	if e.name != "500" || !reflect.DeepEqual(e.priorities, want) {
		t.Errorf("500 is %+v", e)
	}
	if e := phones.extensions[2]; e.name != "501" || e.caller != "102" {
		t.Errorf("the extension for one caller is %+v", e)
	}
	if s.Globals["DIALWARDEN_TRUNK"] != "PJSIP/NUMBER@carrier" || len(s.Globals) != 3 {
		t.Errorf("globals are %q", s.Globals)
	}
	if want := []Endpoint{{"101", "phones", []string{"after-transfer"}}}; !reflect.DeepEqual(s.Endpoints, want) {
		t.Errorf("endpoints are %+v", s.Endpoints)
	}
}

func TestParseOddities(t *testing.T) {
	if _, err := Saved("Unable to connect to remote asterisk\n"); !errors.Is(err, ErrNoDialplan) {
		t.Error(err)
	}
	d, err := Parse("\x1b[1;37m[ Context 'phones' created by 'pbx_config' ]\x1b[0m\r\n" +
		"  '_X.' =>          1. Dial(PJSIP/1@carrier,${VERY_LONG             [pbx_config]\r\n  what is this?\r\n\r\n-= 1 extension =-\n")
	if err != nil {
		t.Fatal(err)
	}
	p := d.contexts["phones"].extensions[0].priorities[0]
	if !p.cut || p.place != "pbx_config" || len(d.Unread) != 1 || !strings.Contains(d.Unread[0], "line 3") {
		t.Errorf("got %+v, unread %q", p, d.Unread)
	}
}

// TestGlobs holds what patterns match, cover and leave over.
func TestGlobs(t *testing.T) {
	for _, c := range []struct {
		a, b             string
		overlaps, covers bool // a covers b
	}{
		{"_9X.", "912", true, true}, {"_9X.", "91", false, false}, {"_9X!", "91", true, true}, {"_X.", "_9X.", true, true},
		{"_9X.", "_X.", true, false}, {"_[!-~]!", "_9X.", true, true}, {"_[2-5]", "6", false, false}, {"_[2-5a]", "a", true, true},
		{"_NXX", "_1XX", false, false}, {"_!", "_!", true, true}, {"_.", "_!", true, false}, {"_Z-X", "10", true, true}, {"500", "_5XX", true, false},
	} {
		a, b := undashed(patternGlob(c.a)), undashed(patternGlob(c.b))
		if a.overlaps(b) != c.overlaps || b.overlaps(a) != c.overlaps {
			t.Errorf("%s and %s: overlaps is not %v", c.a, c.b, c.overlaps)
		}
		if a.covers(b) != c.covers {
			t.Errorf("%s covers %s is not %v", c.a, c.b, c.covers)
		}
	}
	if got := patternGlob("_X!").narrowed(patternGlob("_9X.")); !got.covers(patternGlob("_9X.")) || !patternGlob("_9X.").covers(got) {
		t.Errorf("what of _X! is _9X. is %v", got)
	}
}

// TestExpand holds what variables and functions become.
func TestExpand(t *testing.T) {
	f := &finder{site: Site{Globals: map[string]string{"TRUNK": "PJSIP/NUMBER@carrier", "LOOP": "x"}}, values: map[string][]glob{}, setters: map[string][]setter{}}
	f.setters["LOOP"] = []setter{{&extension{context: "a"}, "${LOOP}1"}}
	s := scope{plan: f, context: "phones", exten: patternGlob("_91X"), set: map[string][]glob{"A": {literal("b,c")}}}
	for text, want := range map[string][]string{
		"plain": {"plain"}, "${A}": {"b,c"}, "${A:2}": {"c"}, "${A:-1}": {"c"}, "${A:0:1}": {"b"}, `a\,b`: {"a,b"}, "${CONTEXT}": {"phones"},
		"${IF($[1]?x:y)}/${A:0:1}": {"x/b", "y/b"}, "${STRREPLACE(TRUNK,NUMBER,5)}": {"PJSIP/5@carrier"}, "${TRUNK:0:5}": {"PJSIP"},
		"${GLOBAL(TRUNK)}": {"PJSIP/NUMBER@carrier"}, "${PJSIP_DIAL_CONTACTS(101)}": {"PJSIP/101"}, "${EXTEN:0:1}": {"9"},
		"${": {"*"}, "${}": {"*"}, "${NOBODY_SETS}": {"*"}, "$[1+1]": {"*"}, "${CALLERID(num)}": {"*"}, "${${A}": {"*"},
	} {
		var got []string
		for _, g := range s.expand(text) {
			text, ok := g.literal()
			if !ok {
				text = "*"
			}
			got = append(got, text)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s becomes %q, want %q", text, got, want)
		}
	}
	if got := s.one("${EXTEN:1}"); !got.overlaps(literal("15")) || got.overlaps(literal("25")) {
		t.Errorf("${EXTEN:1} of _91X is %v", got)
	}
	if got := s.one("${FILTER(0-9,${EXTEN})}"); got.overlaps(literal("1@x")) {
		t.Errorf("FILTER leaves %v", got)
	}
	if got := s.expand("${LOOP}"); len(got) == 0 {
		t.Error("a variable made of itself is nothing")
	}
}

// Whatever stands in a dialplan, the search ends and nothing panics.
func FuzzFind(f *testing.F) {
	f.Add(show)
	f.Add("[ Context 'phones' created by 'p' ]\n  '_X.' => 1. Dial(${EXTEN:1:-2}&Local/${IF(a?b:c)}@${X}/n,,G(a^b^1)b(c^s^1(${ARG1}))) [f:1]\n  2. Set(X=${X}${X}) [f:2]\n  3. Goto(1) [f:3]\n")
	f.Add("[ Context 'phones' created by 'p' ]\n  's' => 1. Gosub(s,1(${ARG1}x)) [f:1]\n  Include => 'phones' [p]\n  Alt. Switch => 'Loopback/@phones' [p]\n")
	f.Add("[ Context 'phones' created by 'p' ]\n  '_[9-\\' => 1. ExecIf(?ExecIf(?Dial(/@&:):) [f:1]\n  2. Originate(,,,,,) [f]\n  3. GotoIf(?:) [f]\n  4. Macro() [f]\n  5. RetryDial(,,) [f]\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Saved(text)
		if err != nil {
			return
		}
		s.From, s.Trunks = []string{"phones"}, []string{"carrier", "DAHDI/g1/NUMBER", "SIP/x", "/", "PJSIP/"}
		for _, found := range findWithin(s, 2000) {
			if found.Why == "" || found.Remedy == "" {
				t.Errorf("nothing is said of %+v", found)
			}
		}
	})
}
