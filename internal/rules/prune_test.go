package rules

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/policy"
)

// busy is the shipped policy with everything in its data turned on.
func busy(t *testing.T) fs.FS {
	t.Helper()
	fsys := fstest.MapFS{}
	err := fs.WalkDir(policy.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := fs.ReadFile(policy.FS, name)
		fsys[name] = &fstest.MapFile{Data: src}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"cap":            "max_seconds: {local: 180}\nduring: {office: {local: 120}}\noutside: {office: {mobile: 60}}\nexempt_classes_of_service: [office]\nwarn_seconds: 30\nring_seconds: 25\n",
		"ring_limit":     "seconds_per_ring: 5\nrings: {international: 3}\n",
		"long_distance":  "pin_level: {national: 1, international: 2}\nfree: {class_of_service: {executive: [national]}, grade: {manager: [national]}, lists: [blocked]}\nbarred: {grade: {staff: [international]}, class_of_service: {office: [satellite]}}\n",
		"premium":        "sanction: {suspend_days: 30, fine_minor: 5000, cost_multiple: 20}\n",
		"allow_list":     "only: {extension: {\"103\": [line_test]}, department: {sales: [blocked]}}\nalso: {class_of_service: {executive: [line_test]}}\n",
		"deny_list":      "everybody: [blocked]\nphones: {department: {administration: [line_test]}}\nrisks: [caribbean]\n",
		"office_hours":   "everybody: [{schedule: office, classes: [service]}]\nline: {duty: [{schedule: duty, classes: [local]}]}\n",
		"redirect":       "mobile: extension\nshort_number: extension\n",
		"carrier_prefix": "prefix: {national: \"17909\"}\ntrunk: {national: gateway2}\n",
		"first_country":  "classes: [international]\nnotify: [operator]\nany_of: [approval]\n",
		"pin_sharing":    "most: 1\nrefuse: true\nnotify: [operator]\n",
		"test_call":      "lists: [line_test]\nextensions: [\"102\"]\nmax_seconds: 30\n",
		"lists":          "blocked: {countries: [JM]}\nline_test: {prefixes: [\"+8621\"]}\n",
	} {
		fsys["data/"+name+".yaml"] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// TestPruningChangesNoAnswer asks policies with and without what data turns off, about calls of every kind.
func TestPruningChangesNoAnswer(t *testing.T) {
	for name, fsys := range map[string]fs.FS{"shipped": policy.FS, "busy": busy(t)} {
		t.Run(name, func(t *testing.T) {
			bad := &faults{}
			s := read(fsys, bad)
			if bad.any() {
				t.Fatal(bad.err())
			}
			left := 0
			for _, rules := range s.idle {
				for _, dead := range rules {
					if dead {
						left++
					}
				}
			}
			if least := map[string]int{"shipped": 15, "busy": 3}[name]; left < least {
				t.Errorf("only %d rules were left out, want %d or more", left, least)
			}
			if n := len(s.guards["rules/velocity.rego"]); n < 2 {
				t.Errorf("%d rules of velocity.rego have guards", n)
			}
			pruned := s.program(enforce, bad)
			s.idle, s.never, s.guards = nil, nil, nil
			whole := s.program(enforce, bad)
			if bad.any() {
				t.Fatal(bad.err())
			}
			for _, f := range calls(s) {
				a, err := pruned.find(t.Context(), &f, s.vocabulary(), 5*time.Second)
				if err != nil {
					t.Fatal(err)
				}
				b, err := whole.find(t.Context(), &f, nil, 5*time.Second)
				if err != nil {
					t.Fatal(err)
				}
				asSets(a)
				asSets(b)
				if got, want := fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b); got != want {
					t.Errorf("%s to %s: got %s\nwant %s", f.Caller.Extension, f.Callee.Class, got, want)
				}
			}
		})
	}
}

// asSets sorts members as sets are sorted.
func asSets(found []member) {
	slices.SortFunc(found, func(a, b member) int { return cmp.Compare(fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b)) })
}

// calls are calls from every phone to every class, in the office and at night, quiet and busy.
func calls(s *source) []call.Facts {
	var all []call.Facts
	for ext := range s.directory {
		for _, class := range call.Classes() {
			for i, region := range []string{"CN", "JM"} {
				at := time.Date(2026, 11, 23, 8+14*i, 15, 0, 0, time.UTC)
				f := call.Facts{Time: call.ClockAt(at, time.UTC), Caller: s.directory.Caller(ext), Line: call.Line{Kind: "phone"}}
				f.Callee.Number = call.Number{Class: class, Region: region, Digits: "02112345678", E164: "+862112345678", Risk: []string{"caribbean"}}
				f.Callee.Extension = []string{"", "102"}[i]
				f.Usage = call.Usage{FirstToRegion: i == 1, SamePINCalls: i, ClassAttemptsLastHour: 1000 * i, ShortCallsToPrefix: 100 * i}
				if ext == "202" {
					f.Line.Kind = "duty"
				}
				f.Sanction.Suspended = i == 1 && ext == "103"
				f.Credentials.PIN = call.Credential{Valid: i == 1, Level: 1}
				f.Callee.Lists = s.tables.lists.Of(f.Callee.Number)
				f.Time.Schedules, _ = s.tables.hours.At(f.Time.Date, f.Time.Weekday, f.Time.MinuteOfDay)
				all = append(all, f)
			}
		}
	}
	return all
}

// TestSchemasAgreeWithGo reads in Go what the schemas of the files call right, and finds nothing more to say.
func TestSchemasAgreeWithGo(t *testing.T) {
	for name, text := range map[string]string{
		"directory": "extensions:\n  \"101\": {holder: A, department: B, grade: C, class_of_service: D, line: duty, suspended: true, mobile: \"13900000101\", short_number: \"6101\"}\n  102: {}\n",
		"rules":     "base: {title: T, text: {en: A, zh: B}, reasons: {r: {en: C}}, mode: shadow, rank: 3, prompt: p, cause: 21}\nx: {}\na: {}\n",
		"lists":     "a: {text: T, numbers: [\"+862112345678\"], prefixes: [\"+86\"], countries: [CN]}\nb: {}\n",
		"hours": "schedules: {a: {every_day: [\"08:00-24:00\"], monday: [], tuesday: [], wednesday: [], thursday: [], friday: [], saturday: [], sunday: [\"22:00-06:00\"], holidays: []}, b: {open_on_holidays: true}}\n" +
			"holidays: [{name: N, dates: [\"01-01\"]}]\nworking_days: [{date: \"2026-10-10\", as: friday}]\n",
		"short_calls": "seconds: 9\nwithin_minutes: 7\nlimits: {international: {to_number: 1, to_prefix: 2}}\nnotify: []\n",
	} {
		t.Run(name, func(t *testing.T) {
			bad := &faults{}
			content := map[string][]byte{"data/" + name + ".yaml": []byte(text)}
			files := readData(content, bad)
			dataSchemas(content, files, bad)
			tables := readTables(files, bad)
			readDirectory(files, bad)
			readBook(files, "", bad)
			if bad.any() {
				t.Error(bad.err())
			}
			for _, field := range files[name].schema.Properties.Names {
				if !strings.Contains(text, field+":") {
					t.Errorf("the field %s is not tried", field)
				}
			}
			if name == "short_calls" && (tables.short != call.ShortCalls{Seconds: 9, Within: 7 * time.Minute}) {
				t.Errorf("got %+v", tables.short)
			}
		})
	}
}
