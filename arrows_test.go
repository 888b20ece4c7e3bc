// Package dialwarden has no code at its root; this test holds the rooms of the module and the arrows between them.
package dialwarden

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/dialwarden/dialwarden"

// room is a package and what it may import of this module. Names leave out the module and internal/.
type room struct {
	code  string // what the package itself may import
	tests string // what its tests may import besides
}

// rooms lists every package of the module, from the words that all share to the programs that use all. A package that
// is not here, or an import that is not here, fails the test: that is the moment to ask whether the arrow belongs, for
// a room is understood and tested by what it does not know. Adapters (ari, agi) never import one another; app connects
// them to gate and watch, which declare the interfaces that they need.
var rooms = map[string]room{
	"call":     {},
	"queue":    {},
	"yamlfile": {},

	"policy":    {},
	"dialplan":  {},
	"policydir": {},

	"schema": {},
	"hours":  {code: "yamlfile", tests: "call"},
	"lists":  {code: "call yamlfile"},
	"usage":  {code: "call"},
	"tariff": {code: "call hours yamlfile"}, // what calls cost, and which allowances pay

	"config":    {code: "call yamlfile"},
	"numbering": {code: "call yamlfile"},
	"scenario":  {code: "call yamlfile", tests: "policy schema"},          // calls and what is to become of them, in YAML
	"rules":     {code: "call hours lists schema tariff yamlfile policy"}, // policy: the schemas, where a policy directory has none
	"ledger":    {code: "call"},
	"control":   {code: "call"},
	"export":    {code: "ledger", tests: "call"},                    // decisions for other programs: CSV, JSON Lines, XLSX
	"lint":      {code: "call rules yamlfile", tests: "app config"}, // what in a policy is of no use

	"speech":  {tests: "dialplan policy"}, // which sound files speak a prompt
	"lockout": {code: "call"},             // wrong PINs and tokens, and what follows from them

	"gate":     {code: "call queue speech"},
	"sanction": {code: "call"},                  // suspensions in force
	"alert":    {code: "call", tests: "ledger"}, // alerts leave for the log and by webhook
	"approval": {code: "call queue speech"},     // who may approve a call is asked, on the phone or elsewhere
	"cdr":      {},                              // Asterisk's call detail records
	"guard":    {code: "call queue speech"},     // lines and channels of trunks are kept free
	"watch":    {code: "call queue speech usage", tests: "ledger"},
	"ari":      {code: "call queue"},
	"agi":      {code: "call queue"},

	"replay": {code: "call", tests: "app config ledger"}, // past calls, decided by another policy

	"report": {code: "call"},
	"web":    {code: "call report"},

	"bypass":    {code: "call"},                                       // calls on a trunk that nobody has decided
	"dialpaths": {},                                                   // ways through a running dialplan that reach a trunk past us
	"doctor":    {code: "ari call config dialplan ledger speech web"}, // what is wrong between us and Asterisk

	"app": {
		code: "agi alert approval ari bypass call cdr config control gate guard ledger lint lockout numbering policy policydir report rules sanction scenario speech usage watch web yamlfile",
	},

	"lab":   {code: "dialplan"},               // a real Asterisk and phones, for tests, demo and benchmark; it knows nothing of the daemon
	"site":  {code: "config dialplan policy"}, // what `dialwarden init` writes
	"demo":  {code: "call config control lab ledger site"},
	"bench": {code: "lab"},
	// One decision in this process; OPA's server is a program of its own, asked over HTTP.
	"bench/decision": {code: "app call config policy rules yamlfile"}, // rules: those that do not end

	// The ledger's commits, beside a loop of its own over the same tables.
	"bench/ledger": {code: "call ledger"},
	// Lists and summaries of a long log.
	"bench/asking": {code: "call ledger"},

	"cmd/dialwarden":       {code: "app call config control demo dialpaths doctor export ledger lint numbering policy replay report rules scenario site yamlfile", tests: "lab"},
	"cmd/dialwarden-bench": {code: "bench bench/asking bench/decision bench/ledger"},

	"examples": {tests: "app config rules"},
	"e2e":      {tests: "approval ari call config control dialplan lab ledger policy watch"},

	".": {},
}

// libraries says in which rooms a library of others may be imported, so that its weaknesses are made good in one place
// and it can be exchanged there. A library stands for all its packages.
var libraries = map[string]string{
	"github.com/CyCoreSystems/ari": "ari",
	"github.com/CyCoreSystems/agi": "agi",
	"github.com/coder/websocket":   "ari lab bench",
	"github.com/open-policy-agent": "rules",
	"github.com/mattn/go-sqlite3":  "ledger",
	"go.yaml.in/yaml":              "yamlfile",
	"github.com/nyaruka":           "numbering",
	"github.com/agnivade":          "rules yamlfile", // did you mean …?
	"github.com/santhosh-tekuri":   "numbering",      // its tests: the schema of number plans
	"github.com/emiago/sipgo":      "lab",
	"github.com/fsnotify":          "policydir",
	"github.com/xuri/excelize":     "export",
	"github.com/spf13/cobra":       "cmd/dialwarden",
	"github.com/spf13/pflag":       "cmd/dialwarden", // cobra's flags
	"github.com/coreos/go-systemd": "cmd/dialwarden",
	"github.com/rogpeppe":          "cmd/dialwarden", // testscript, and diff for policy fmt
	"golang.org/x/term":            "cmd/dialwarden demo",
	"golang.org/x/sys":             "ledger bench rules e2e", // e2e: limits, flags and mounts, to make faults
	"github.com/rs/zerolog":        "agi alert app approval ari bypass control gate guard watch web cmd/dialwarden demo e2e",
}

// TestArrows holds the import arrows of the module, as go list sees them.
func TestArrows(t *testing.T) {
	for _, p := range packages(t) {
		name := nameOf(p.ImportPath)
		r, ok := rooms[name]
		if !ok {
			t.Errorf("%s is a package that nobody has given a place.\n"+
				"\tSay in rooms (arrows_test.go) what it may import, and who may import it; as little as it needs.", name)
			continue
		}
		for _, imported := range p.Imports {
			r.check(t, name, imported, r.code)
		}
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			r.check(t, name+" (its tests)", imported, r.code+" "+r.tests+" "+name)
		}
	}
}

// check holds one import of the room name to what may be imported there.
func (room) check(t *testing.T, name, imported, may string) {
	t.Helper()
	host, _, path := strings.Cut(imported, "/")
	switch {
	case imported == module, strings.HasPrefix(imported, module+"/"):
		if other := nameOf(imported); !has(may, other) {
			t.Errorf("%s imports %s, and may import: %s.\n"+
				"\tLet it declare the small interface it needs instead, and let app connect the two; or move what both need\n"+
				"\tto a room that both know. If the arrow is right after all, add it to rooms in arrows_test.go, with its reason.",
				name, other, words(may))
		}
	case path && strings.Contains(host, "."):
		checkLibrary(t, name, imported)
	}
}

func checkLibrary(t *testing.T, name, imported string) {
	t.Helper()
	where, _, _ := strings.Cut(name, " (")
	for library, may := range libraries {
		if rest, ok := strings.CutPrefix(imported, library); ok && (rest == "" || rest[0] == '/') {
			if !has(may, where) {
				t.Errorf("%s imports %s, which belongs to: %s.\n"+
					"\tAsk that room for what you need of it, in words of this module.", name, imported, words(may))
			}
			return
		}
	}
	t.Errorf("%s imports %s, a library that nobody has given a place.\n"+
		"\tIf it is worth having, name in libraries (arrows_test.go) the one room that may import it.", name, imported)
}

// TestTables finds misspelt names in the tables, which would allow nothing and mislead a reader.
func TestTables(t *testing.T) {
	lists := slices.Collect(maps.Values(libraries))
	for _, r := range rooms {
		lists = append(lists, r.code, r.tests)
	}
	for _, list := range lists {
		for name := range strings.FieldsSeq(list) {
			if _, ok := rooms[name]; !ok {
				t.Errorf("the tables name a room %q that is not in rooms", name)
			}
		}
	}
}

// pkg is what go list tells about a package.
type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-buildvcs=false", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	out, err := cmd.Output()
	if err != nil {
		stderr := ""
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			stderr = string(exit.Stderr)
		}
		t.Fatalf("go list: %v\n%s", err, stderr)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages; this module has more", len(all))
	}
	return all
}

// nameOf shortens an import path of this module as the tables have it.
func nameOf(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(strings.TrimPrefix(path, module+"/"), "internal/")
}

func has(list, name string) bool { return slices.Contains(strings.Fields(list), name) }

// words lists names for a message, sorted, each once.
func words(list string) string {
	names := slices.Compact(slices.Sorted(strings.FieldsSeq(list)))
	if len(names) == 0 {
		return "nothing of this module"
	}
	return strings.Join(names, ", ")
}
