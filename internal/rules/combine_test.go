package rules

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/dialwarden/dialwarden/internal/call"
)

// bookOf is a book whose rules have all heads, each in a file of its own.
func bookOf(entries map[string]entry) *book {
	b := &book{rules: map[string]*rule{}}
	b.fill(entries)
	for id := range entries {
		for i, head := range heads {
			b.rules[id].heads[head] = []*ast.Location{ast.NewLocation(nil, "rules/"+id+".rego", i+1, 1)}
		}
	}
	return b
}

// abc is a book of three rules; c is named before the others.
func abc() *book {
	first := 1
	return bookOf(map[string]entry{
		"a": {Text: texts{En: "text of a"}, Reasons: map[string]texts{"why": {En: "another text of a"}}},
		"b": {Title: "title of b"},
		"c": {Rank: &first, Prompt: "prompt_c", Cause: 34},
	})
}

// members reads sets written as Rego: {"deny": {"a", {"rule": "b"}}}.
func members(t *testing.T, sets string) []member {
	t.Helper()
	answer := topdown.QueryResult{}
	ast.MustParseTerm(sets).Value.(ast.Object).Foreach(func(k, v *ast.Term) {
		answer[ast.Var(k.Value.(ast.String))] = v
	})
	found, err := readAnswer(answer)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestCombine(t *testing.T) {
	pin := call.Credentials{PIN: call.Credential{Valid: true, ID: 1}}
	tests := map[string]struct {
		sets string
		have call.Credentials
		want string // parts of the decision's JSON form
	}{
		"nothing":                     {`{}`, pin, `"action":"deny","rule":"no_rule_allows"|"cause":21|"prompt":"refused"`},
		"allow":                       {`{"allow": {"a"}}`, pin, `"action":"allow","rule":"a"|"text":"text of a"|"cause":0`},
		"two allow":                   {`{"allow": {"a", "b", "c"}}`, pin, `"rule":"c","reasons":[{"rule":"c","text":"c"},{"rule":"a"`},
		"deny without allow":          {`{"deny": {"a"}}`, pin, `"action":"deny","rule":"a"|"prompt":"refused","cause":21`},
		"deny beats allow":            {`{"allow": {"a"}, "deny": {"b"}}`, pin, `"action":"deny","rule":"b"|"reasons":[{"rule":"b","text":"title of b"}]`},
		"deny beats a met require":    {`{"allow": {"a"}, "deny": {"b"}, "require": {{"rule": "a", "any_of": ["pin"]}}}`, pin, `"action":"deny","rule":"b"`},
		"deny beats an unmet require": {`{"allow": {"a"}, "deny": {"b"}, "require": {{"rule": "a", "any_of": ["token"]}}}`, pin, `"action":"deny","rule":"b"|"requires":[]`},
		"lowest rank is named":        {`{"deny": {"a", "b", "c"}}`, pin, `"rule":"c","reasons":[{"rule":"c","text":"c"},{"rule":"a"`},
		"then the id":                 {`{"deny": {"b", "a"}}`, pin, `"rule":"a"`},
		"prompt and cause of data":    {`{"deny": {"c"}}`, pin, `"prompt":"prompt_c","cause":34`},
		"prompt and cause of member":  {`{"deny": {{"rule": "c", "prompt": "p", "cause": 1}}}`, pin, `"prompt":"p","cause":1`},
		"reason of member":            {`{"deny": {{"rule": "a", "reason": "said so"}}}`, pin, `"text":"said so"`},
		"reason by key":               {`{"deny": {{"rule": "a", "reason": "why"}}}`, pin, `"text":"another text of a"`},
		"reason on one line":          {`{"deny": {{"rule": "a", "reason": "said\nso\n"}}}`, pin, `"text":"said so"`},
		"unmet require":               {`{"allow": {"a"}, "require": {{"rule": "b", "any_of": ["token", "approval"], "prompt": "p"}}}`, pin, `"action":"challenge","rule":"b"|"requires":[{"rule":"b","any_of":["token","approval"]}]|"prompt":"p","cause":0`},
		"met require":                 {`{"allow": {"a"}, "require": {{"rule": "b", "any_of": ["token", "pin"]}}}`, pin, `"action":"allow","rule":"b"|"requires":[]`},
		"one of two met":              {`{"allow": {"a"}, "require": {{"rule": "b", "any_of": ["pin"]}, {"rule": "a", "any_of": ["matter"]}}}`, pin, `"action":"challenge","rule":"a"|"requires":[{"rule":"a","any_of":["matter"]}]`},
		"two unmet":                   {`{"allow": {"a"}, "require": {{"rule": "b", "any_of": ["token"]}, {"rule": "c", "any_of": ["matter"]}}}`, pin, `"rule":"c"|"requires":[{"rule":"c","any_of":["matter"]},{"rule":"b","any_of":["token"]}]`},
		"require without allow":       {`{"require": {{"rule": "b", "any_of": ["pin"]}}}`, pin, `"action":"deny","rule":"no_rule_allows"`},
		"unmet without allow":         {`{"require": {{"rule": "b", "any_of": ["token"]}}}`, pin, `"action":"deny","rule":"no_rule_allows"|"requires":[]`},
		"invalid PIN is none":         {`{"allow": {"a"}, "require": {{"rule": "b", "any_of": ["pin"]}}}`, call.Credentials{PIN: call.Credential{ID: 1, Level: 9}}, `"action":"challenge"`},
		"smallest limits": {`{"allow": {"a"}, "limit": {{"rule": "a", "max_seconds": 180, "warn_seconds": 0, "ring_seconds": 40},
			{"rule": "b", "max_seconds": 60, "warn_seconds": 10}, {"rule": "c", "max_seconds": 0, "warn_seconds": 30, "ring_seconds": 25}}}`,
			pin, `"max_seconds":60,"warn_seconds":10,"ring_seconds":25`},
		"warning before the call":    {`{"allow": {"a"}, "limit": {{"rule": "a", "max_seconds": 20, "warn_seconds": 20}}}`, pin, `"max_seconds":20,"warn_seconds":0`},
		"warning without a cut":      {`{"allow": {"a"}, "limit": {{"rule": "a", "warn_seconds": 20}}}`, pin, `"max_seconds":0,"warn_seconds":0`},
		"limits of a refused call":   {`{"limit": {{"rule": "a", "max_seconds": 20}}}`, pin, `"max_seconds":0`},
		"limits of a challenge":      {`{"allow": {"a"}, "require": {{"rule": "b", "any_of": ["token"]}}, "limit": {{"rule": "a", "max_seconds": 20}}}`, pin, `"max_seconds":20`},
		"route":                      {`{"allow": {"a"}, "route": {{"rule": "b", "dial": "1790901062345678", "trunk": "t2"}}}`, pin, `"route":{"rule":"b","dial":"1790901062345678","trunk":"t2"}`},
		"two rules, one route":       {`{"allow": {"a"}, "route": {{"rule": "b", "redirect": "102"}, {"rule": "a", "redirect": "102"}}}`, pin, `"route":{"rule":"a","redirect":"102"}`},
		"two routes":                 {`{"allow": {"a"}, "route": {{"rule": "b", "redirect": "102"}, {"rule": "a", "redirect": "103"}}}`, pin, `"rule":"policy_error"|rules a and b route the call differently (rules/a.rego:5, rules/b.rego:5)`},
		"two routes of one rule":     {`{"allow": {"a"}, "route": {{"rule": "a", "redirect": "102"}, {"rule": "a", "redirect": "103"}}}`, pin, `"rule":"policy_error"`},
		"two routes of refused call": {`{"deny": {"a"}, "route": {{"rule": "b", "redirect": "102"}, {"rule": "a", "redirect": "103"}}}`, pin, `"rule":"policy_error"`},
		"route of a refused call":    {`{"route": {{"rule": "b", "redirect": "102"}}}`, pin, `"rule":"no_rule_allows"|"route":{}`},
		"notify and sanction": {`{"deny": {"a"}, "notify": {{"rule": "b", "to": "duty"}}, "sanction": {{"rule": "c", "suspend_days": 30, "fine_minor": 5000, "cost_multiple": 20}}}`,
			pin, `"notify":[{"rule":"b","to":"duty"}]|"sanctions":[{"rule":"c","suspend_days":30,"fine_minor":5000,"cost_multiple":20}]`},
		"unknown rule":          {`{"allow": {"a"}, "deny": {"d"}}`, pin, `"rule":"policy_error"|a member of deny (rules/a.rego:2, rules/b.rego:2, rules/c.rego:2) names rule \"d\", which has none`},
		"built-in id":           {`{"allow": {"emergency"}}`, pin, `"rule":"policy_error"`},
		"unknown field":         {`{"allow": {"a", {"rule": "b", "cause": 21}}}`, pin, `"rule":"policy_error"|the allow of rule b (rules/b.rego:1) cannot be used: it has the unknown field \"cause\"`},
		"misspelled field":      {`{"limit": {{"rule": "b", "max_second": 21}}}`, pin, `unknown field \"max_second\" (did you mean \"max_seconds\"?)`},
		"field that is no text": {`{"limit": {{"rule": "b", 7: 21}}}`, pin, `it has the unknown field 7`},
		"both named":            {`{"allow": {{"rule": "a", "x": 1}, {"rule": "b", "y": 1}}}`, pin, `rules/a.rego:1|rules/b.rego:1`},
		"member is a list":      {`{"allow": {["a"]}}`, pin, `it is a list; a member is a rule's id or an object`},
		"rule is a number":      {`{"allow": {{"rule": 7}}}`, pin, `its rule is a number; wanted is a text`},
		"no rule":               {`{"deny": {{"cause": 21}}}`, pin, `it names no rule`},
		"empty id":              {`{"allow": {""}}`, pin, `"rule":"policy_error"`},
		"limit as text":         {`{"limit": {{"rule": "a", "max_seconds": "180"}}}`, pin, `its max_seconds is a text; wanted is a whole number`},
		"limit negative":        {`{"limit": {{"rule": "a", "max_seconds": -1}}}`, pin, `its max_seconds is -1; wanted is a whole number from 0 to 604800`},
		"limit with a part":     {`{"limit": {{"rule": "a", "max_seconds": 1.5}}}`, pin, `its max_seconds is 1.5`},
		"limit too large":       {`{"limit": {{"rule": "a", "max_seconds": 604801}}}`, pin, `its max_seconds is 604801`},
		"limit huge":            {`{"limit": {{"rule": "a", "ring_seconds": 1e300}}}`, pin, `its ring_seconds is 1e300`},
		"limit beyond 64 bits":  {`{"limit": {{"rule": "a", "ring_seconds": 18446744073709551617}}}`, pin, `its ring_seconds is 18446744073709551617`},
		"limit null":            {`{"limit": {{"rule": "a", "warn_seconds": null}}}`, pin, `its warn_seconds is null`},
		"limit without limits":  {`{"limit": {"a"}}`, pin, `it says nothing; give it max_seconds or ring_seconds or warn_seconds`},
		"limit that is zero":    {`{"allow": {"a"}, "limit": {{"rule": "a", "max_seconds": 0}}}`, pin, `"action":"allow"`},
		"cause zero":            {`{"deny": {{"rule": "a", "cause": 0}}}`, pin, `its cause is 0; wanted is a whole number from 1 to 127`},
		"cause too large":       {`{"deny": {{"rule": "a", "cause": 128}}}`, pin, `its cause is 128`},
		"prompt as syntax":      {`{"deny": {{"rule": "a", "prompt": "a&b"}}}`, pin, `its prompt is \"a\u0026b\"; a name has`},
		"require nothing":       {`{"allow": {"a"}, "require": {"a"}}`, pin, `it says nothing; give it any_of`},
		"require none of":       {`{"allow": {"a"}, "require": {{"rule": "a", "any_of": []}}}`, pin, `its any_of is empty`},
		"require unknown":       {`{"allow": {"a"}, "require": {{"rule": "a", "any_of": ["pin", "pim"]}}}`, pin, `its any_of holds \"pim\"; there are [pin token approval matter]`},
		"require as text":       {`{"allow": {"a"}, "require": {{"rule": "a", "any_of": "pin"}}}`, pin, `its any_of is a text; wanted is a list`},
		"approvers in order":    {`{"allow": {"a"}, "require": {{"rule": "a", "any_of": ["approval", "token"], "approvers": ["104", "*61", "104"]}}}`, pin, `"action":"challenge"|"requires":[{"rule":"a","any_of":["approval","token"],"approvers":["104","*61"]}]`},
		"approvers none":        {`{"allow": {"a"}, "require": {{"rule": "a", "any_of": ["approval"], "approvers": []}}}`, pin, `"requires":[{"rule":"a","any_of":["approval"]}]`},
		"approvers as text":     {`{"allow": {"a"}, "require": {{"rule": "a", "any_of": ["approval"], "approvers": "104"}}}`, pin, `"rule":"policy_error"|its approvers is a text; wanted is a list of extensions, in the order in which they are asked`},
		"approvers as set":      {`{"allow": {"a"}, "require": {{"rule": "a", "any_of": ["approval"], "approvers": {"104", "101"}}}}`, pin, `"rule":"policy_error"|its approvers is a set; wanted is a list of extensions`},
		"approvers numbers":     {`{"allow": {"a"}, "require": {{"rule": "a", "any_of": ["approval"], "approvers": ["101", 104]}}}`, pin, `"rule":"policy_error"|its approvers holds 104; wanted is an extension in quotes, like \"101\"`},
		"approvers names":       {`{"allow": {"a"}, "require": {{"rule": "a", "any_of": ["approval"], "approvers": ["Li Na"]}}}`, pin, `its approvers holds \"Li Na\"; wanted is an extension`},
		"approvers empty":       {`{"allow": {"a"}, "require": {{"rule": "a", "any_of": ["approval"], "approvers": [""]}}}`, pin, `its approvers holds \"\"; wanted is an extension`},
		"approvers by +":        {`{"allow": {"a"}, "require": {{"rule": "a", "any_of": ["approval"], "approvers": ["+8613"]}}}`, pin, `its approvers holds \"+8613\"; wanted is an extension`},
		"approvers of 21":       {`{"allow": {"a"}, "require": {{"rule": "a", "any_of": ["approval"], "approvers": ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21"]}}}`, pin, `its approvers has 21 extensions; 20 are the most`},
		"approvers of a PIN":    {`{"allow": {"a"}, "require": {{"rule": "a", "any_of": ["pin"], "approvers": ["104"]}}}`, pin, `it names approvers, and its any_of has no approval`},
		"approvers alone":       {`{"allow": {"a"}, "require": {{"rule": "a", "approvers": ["104"]}}}`, pin, `it says nothing; give it any_of`},
		"approvers of allow":    {`{"allow": {{"rule": "a", "approvers": ["104"]}}}`, pin, `it has the unknown field \"approvers\"`},
		"require as set":        {`{"allow": {"a"}, "require": {{"rule": "a", "any_of": {"token", "pin"}}}}`, pin, `"action":"allow","rule":"a"`},
		"route as syntax":       {`{"route": {{"rule": "a", "dial": "1&SIP/2"}}}`, pin, `its dial is \"1\u0026SIP/2\"; a number is`},
		"route as number":       {`{"route": {{"rule": "a", "dial": 123}}}`, pin, `its dial is a number; wanted are digits in quotes`},
		"route nowhere":         {`{"route": {"a"}}`, pin, `it says nothing; give it dial or redirect or trunk`},
		"route both ways":       {`{"route": {{"rule": "a", "dial": "1", "redirect": "102"}}}`, pin, `it redirects to an extension and names a number or a trunk, too`},
		"trunk as syntax":       {`{"route": {{"rule": "a", "trunk": "T1@x"}}}`, pin, `its trunk is \"T1@x\"`},
		"notify nobody":         {`{"notify": {{"rule": "a", "to": ""}}}`, pin, `its to is not one line of 1 to 1000 bytes`},
		"fine negative":         {`{"sanction": {{"rule": "a", "fine_minor": -1}}}`, pin, `its fine_minor is -1`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := &call.Facts{Caller: call.Caller{Known: true}, Credentials: tt.have}
			d := abc().combine(members(t, tt.sets), f)
			data, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), "null") && !strings.Contains(tt.sets, "null") {
				t.Errorf("a list is nil: %s", data)
			}
			for part := range strings.SplitSeq(tt.want, "|") {
				if !strings.Contains(string(data), part) {
					t.Errorf("got %s\nwant %s", data, part)
				}
			}
			if d.Rule == call.RulePolicyError && (d.Action != call.Deny || d.Cause != 41 || d.Prompt != "unavailable" || len(d.Reasons) != 1) {
				t.Errorf("got %s", data)
			}
		})
	}
}

// TestCombineOrder gives the members in every order and finds the same decision.
func TestCombineOrder(t *testing.T) {
	found := members(t, `{"allow": {"a", "b"}, "deny": {"b", {"rule": "b", "cause": 1}, "c", "a"}, "limit": {{"rule": "a", "max_seconds": 9}}}`)
	byHead := func(ms []member) string {
		d := abc().combine(slices.Clone(ms), &call.Facts{})
		data, _ := json.Marshal(d)
		return string(data)
	}
	want := byHead(found)
	for i := range len(found) {
		turned := append(slices.Clone(found[i:]), found[:i]...)
		slices.SortStableFunc(turned, func(a, b member) int { return strings.Compare(a.rule, b.rule) })
		if got := byHead(turned); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestUnlistedPhone is told that it is not in the directory.
func TestUnlistedPhone(t *testing.T) {
	d := abc().combine(nil, &call.Facts{})
	if len(d.Reasons) != 2 || d.Reasons[1].Text != "The phone is not in the directory." {
		t.Errorf("got %v", d.Reasons)
	}
}

// TestReadAnswerRefuses answers that are no sets of a reasonable size.
func TestReadAnswerRefuses(t *testing.T) {
	many := ast.NewSet()
	for i := range maxMembers + 1 {
		many.Add(ast.ArrayTerm(ast.InternedTerm(i)))
	}
	for want, answer := range map[string]topdown.QueryResult{
		"deny is true or false; it must be a set": {"deny": ast.InternedTerm(true)},
		"more than 1000 members":                  {"allow": ast.NewTerm(many)},
	} {
		if _, err := readAnswer(answer); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
