package rules

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// TestAllowedBuiltins holds the list to functions that exist and look at nothing but their arguments.
func TestAllowedBuiltins(t *testing.T) {
	for name := range allowed {
		b := ast.BuiltinMap[name]
		switch {
		case strings.HasPrefix(name, "dialwarden_test."):
		case b == nil:
			t.Errorf("there is no built-in function %s", name)
		case b.IsDeprecated():
			t.Errorf("%s is deprecated", name)
		case b.Nondeterministic:
			t.Errorf("%s is not deterministic", name)
		case topdown.GetBuiltin(name) == nil && b.Infix == "" && !strings.HasPrefix(name, "internal.") && name != "print":
			t.Errorf("%s cannot be evaluated", name)
		}
	}
	for name := range quick {
		if slow[name] {
			t.Errorf("%s is quick and slow", name)
		}
	}
	if c := capabilities(); c.AllowNet == nil || len(c.AllowNet) != 0 {
		t.Error("the compiler may reach the network")
	}
}

// TestRefusedBuiltins compiles a rule with every function that is not allowed.
func TestRefusedBuiltins(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(ast.BuiltinMap)) {
		b := ast.BuiltinMap[name]
		if b.Name != name || allowed[name] || b.IsDeprecated() || strings.HasPrefix(name, "internal.") {
			continue
		}
		args := strings.TrimSuffix(strings.Repeat("input.x, ", b.Decl.Arity()), ", ")
		m, err := ast.ParseModule("x.rego", "package p\n\na if "+name+"("+args+") == 1\n")
		if err != nil {
			t.Fatal(name, err)
		}
		bad := &faults{}
		if compile(map[string]*ast.Module{"x.rego": m}, nil, bad) != nil {
			t.Errorf("%s can be used", name)
			continue
		}
		if msg := bad.err().Error(); !strings.Contains(msg, name+" is not available: ") {
			t.Errorf("%s: %s", name, msg)
		}
	}
}

// TestBounds holds the functions that can grow to their bounds, and lets ordinary use through.
func TestBounds(t *testing.T) {
	big := strings.Repeat("9", 300)
	long := strings.Repeat("a", 2000)
	tests := []struct {
		call string
		fits bool
	}{
		{"123 * 456", true},
		{big + " * " + big, false},
		{"product([2, 3])", true},
		{"product([" + big + ", " + big + "])", false},
		{`concat(", ", ["a", "b"])`, true},
		{`concat("` + long + `", [x | some y in numbers.range(1, 1000); x := sprintf("%d", [y])])`, false},
		{`concat("` + long + `", {"` + long + `", "b"})`, true},
		{`replace("0138", "0", "")`, true},
		{`replace("` + long + `", "a", "` + long + `")`, false},
		{`strings.replace_n({"a": "b"}, "aaa")`, true},
		{`strings.replace_n({"a": "` + long + `"}, "` + long + `")`, false},
		{`regex.replace("0138", "^0", "+86")`, true},
		{`regex.replace("` + long + `", "a", "` + long + `")`, false},
		{`sprintf("extension %s: %05d, %.2f and 100%%", ["101", 7, 1.5])`, true},
		{`sprintf("call 13800138000 %s", ["101"])`, true},
		{`sprintf("%999999d%999999d", [1, 2])`, false},
		{`sprintf("%[1]s%[1]*[2]d", ["a", 9])`, false},
		{`sprintf("` + strings.Repeat("%[1]s", 1000) + `", ["` + long + `"])`, false},
	}
	for _, tt := range tests {
		c := newCompiler(nil)
		m := ast.MustParseModule("package p\n\nx := " + tt.call + "\n")
		c.Compile(map[string]*ast.Module{"x.rego": m})
		if c.Failed() {
			t.Fatal(tt.call, c.Errors)
		}
		q := ast.MustParseBody("y = data.p.x")
		rs, err := topdown.NewQuery(q).WithCompiler(c).WithStrictBuiltinErrors(true).Run(t.Context())
		switch {
		case tt.fits && (err != nil || len(rs) != 1):
			t.Errorf("%.60s: %v, %v", tt.call, rs, err)
		case !tt.fits && (err == nil || !strings.Contains(err.Error(), "most") && !strings.Contains(err.Error(), "larger than")):
			t.Errorf("%.60s: %v", tt.call, err)
		}
	}
}
