package decision

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/dialwarden/dialwarden/internal/yamlfile"
	"github.com/dialwarden/dialwarden/policy"
)

// Size is how much a policy holds, besides what is shipped.
type Size struct {
	Extensions int `json:"extensions"`
	Prefixes   int `json:"prefixes"` // of numbers that nobody may call
	Rules      int `json:"rules"`    // that begin with a comparison, as OPA's index wants them
}

// extension is the n-th phone.
func extension(n int) string { return fmt.Sprint(300000 + n) }

// write writes the shipped policy, grown to the size, into a new directory.
func (s Size) write(dir string) error {
	err := fs.WalkDir(policy.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		src, err := fs.ReadFile(policy.FS, name)
		if err != nil {
			return err
		}
		return writeFile(filepath.Join(dir, name), s.grown(name, src))
	})
	for i := 0; i < s.Rules && err == nil; i++ {
		rego := fmt.Sprintf("package dialwarden.outbound\n\ndeny contains \"more_%d\" if input.caller.extension == \"77%d\"\n", i, i)
		err = writeFile(filepath.Join(dir, "rules", fmt.Sprintf("more_%d.rego", i)), []byte(rego))
	}
	return err
}

// grown returns a file of the shipped policy with what the size adds to it.
func (s Size) grown(name string, src []byte) []byte {
	switch name {
	case "data/directory.yaml":
		for i := range s.Extensions {
			src = fmt.Appendf(src, "  %q: {holder: Holder %d, department: sales, grade: staff, class_of_service: office}\n", extension(i), i)
		}
	case "data/rules.yaml":
		for i := range s.Rules {
			src = fmt.Appendf(src, "more_%d: {title: More}\n", i)
		}
	case "data/lists.yaml":
		var b strings.Builder
		for i := range s.Prefixes {
			fmt.Fprintf(&b, "    - \"+%d%06d\"\n", []int{1, 44, 81}[i%3], i)
		}
		if b.Len() > 0 {
			src = []byte(strings.Replace(string(src), "  prefixes: []\n", "  prefixes:\n"+b.String(), 1))
		}
	}
	return src
}

// question asks for what a decision is combined of.
const question = `package question

answer := {
	"allow": data.dialwarden.outbound.allow,
	"deny": data.dialwarden.outbound.deny,
	"require": data.dialwarden.outbound.require,
	"limit": data.dialwarden.outbound.limit,
	"route": data.dialwarden.outbound.route,
	"notify": data.dialwarden.outbound.notify,
	"sanction": data.dialwarden.outbound.sanction,
}
`

// bundle writes what OPA's server is to hold into a new directory: the rules of a policy directory, its data as one
// document, and the question.
func bundle(from, to string) error {
	rules, err := filepath.Glob(filepath.Join(from, "rules", "*.rego"))
	if err != nil {
		return err
	}
	for _, name := range rules {
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(to, filepath.Base(name)), src); err != nil {
			return err
		}
	}
	names, err := filepath.Glob(filepath.Join(from, "data", "*.yaml"))
	if err != nil {
		return err
	}
	data := map[string]any{}
	for _, name := range names {
		var v any
		if err := yamlfile.ReadFile(os.DirFS(filepath.Dir(name)), filepath.Base(name), &v); err != nil {
			return err
		}
		data[strings.TrimSuffix(path.Base(name), ".yaml")] = v
	}
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(to, "data.json"), text); err != nil {
		return err
	}
	return writeFile(filepath.Join(to, "question.rego"), []byte(question))
}

func writeFile(name string, src []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return err
	}
	return os.WriteFile(name, src, 0o600)
}
