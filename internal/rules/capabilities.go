package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// quick lists the built-in functions that a rule may use and that are over at once, or in a time that is small against
// the deadline for anything that is found in a policy's data.
var quick = setOf(`
	eq equal neq lt lte gt gte assign plus minus mul div rem and or
	internal.member_2 internal.member_3 internal.print internal.template_string print
	abs ceil floor round to_number format_int count max min sum
	array.concat array.reverse array.slice
	object.get object.keys
	concat contains endswith indexof lower sprintf startswith strings.reverse
	substring trim trim_left trim_prefix trim_right trim_space trim_suffix upper
	is_array is_boolean is_null is_number is_object is_set is_string type_name
	time.add_date time.clock time.date time.diff time.format time.parse_duration_ns time.parse_ns
	time.parse_rfc3339_ns time.weekday
`)

// slow lists the others that a rule may use: they look at nothing but their arguments, but can take long.
var slow = setOf(`
	internal.test_case
	numbers.range numbers.range_step product sort
	array.flatten intersection union
	object.filter object.remove object.subset object.union object.union_n
	json.filter json.is_valid json.marshal json.patch json.remove json.unmarshal walk
	indexof_n replace split strings.any_prefix_match strings.any_suffix_match strings.count strings.replace_n strings.split_n
	glob.match glob.quote_meta
	regex.find_all_string_submatch_n regex.find_n regex.is_valid regex.match regex.replace regex.split
`)

// allowed are all that a rule may use. What is not listed is refused, so that a new version of OPA adds nothing by itself.
var allowed = union(quick, slow)

// refusals says for the beginning of a built-in's name why it is refused.
var refusals = []struct{ prefix, why string }{
	{"http.", "a rule cannot reach the network; put what it needs into a file of data/"},
	{"net.", "a rule cannot reach the network; put what it needs into a file of data/"},
	{"providers.", "a rule cannot reach the network; put what it needs into a file of data/"},
	{"time.now_ns", "a rule has no clock of its own, so that its decision can be computed again; use input.time"},
	{"rand.", "a rule must give the same answer for the same call; it cannot use chance"},
	{"uuid.", "a rule must give the same answer for the same call; it cannot use chance"},
	{"opa.runtime", "a rule cannot see the environment it runs in"},
	{"trace", "use print in a test instead"},
	{"graph.", "it can take unbounded time and memory"},
	{"bits.", "it can take unbounded time and memory"},
	{"regex.globs_match", "it can take unbounded time and memory"},
	{"strings.render_template", "it can take unbounded time and memory; use sprintf"},
	{"rego.", "a rule decides calls; it does not work on Rego itself"},
}

// capabilities is what the compiler lets a rule do.
func capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	var kept []*ast.Builtin
	for _, b := range c.Builtins {
		if allowed[b.Name] {
			kept = append(kept, b)
		}
	}
	c.Builtins = kept
	c.AllowNet = []string{}
	return c
}

// noFunction says that there is no function of this name, neither OPA's nor a helper.
func noFunction(name string, helpers []string) string {
	names := slices.Concat(slices.Sorted(maps.Keys(allowed)), helpers)
	return fmt.Sprintf("there is no function %s%s", name, didYouMean(name, names))
}

// refusedBuiltin explains why there is no function of this name.
func refusedBuiltin(name string) string {
	if ast.BuiltinMap[name] == nil {
		return noFunction(name, nil)
	}
	why := "it is of no use to a call rule"
	for _, r := range refusals {
		if strings.HasPrefix(name, r.prefix) {
			why = r.why
			break
		}
	}
	return fmt.Sprintf("%s is not available: %s", name, why)
}

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

func union(a, b map[string]bool) map[string]bool {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
