package schema

import (
	"fmt"
	"strings"
)

// Markdown describes what the schema describes, as a section of a page: its title, and a table with one row for each
// field. The name is what the page calls the value, such as input or data/cap.yaml.
func (s *Schema) Markdown(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", name)
	if s.Title != "" {
		fmt.Fprintf(&b, "**%s.** ", strings.TrimSuffix(s.Title, "."))
	}
	fmt.Fprintf(&b, "%s\n\n| field | type | |\n|---|---|---|\n", s.Description)
	s.rows(&b, "")
	return b.String()
}

// rows writes a row for each field under a path.
func (s *Schema) rows(b *strings.Builder, path string) {
	for _, name := range s.Properties.Names {
		s.Properties.ByName[name].row(b, join(path, name), contains(s.Required, name))
	}
	if a := s.AdditionalProperties; a != nil && a.Schema != nil {
		key := "*name*"
		if s.PropertyNames != nil && len(s.PropertyNames.Enum) > 0 {
			key = "*" + strings.Join(s.PropertyNames.Enum[:min(2, len(s.PropertyNames.Enum))], "*, *") + "* …"
		}
		if s.PropertyNames != nil && s.PropertyNames.Refers != "" {
			key = "*one of the " + s.PropertyNames.Refers + "*"
		}
		a.Schema.row(b, join(path, key), false)
	}
	if s.Items != nil && (s.Items.Type == "object" || s.Items.Type == "array") {
		s.Items.rows(b, path+"[]")
	}
}

// maxListed is how many words that a list may hold are told with it; more are known by a name.
const maxListed = 8

// row writes one field, and what is in it.
func (s *Schema) row(b *strings.Builder, path string, required bool) {
	about := []string{}
	if s.Description != "" {
		about = append(about, s.Description)
	}
	for _, part := range []*Schema{s, s.Items} {
		if part == nil || part == s.Items && len(part.Enum) > maxListed {
			continue
		}
		if words := strings.Trim(strings.Join(part.Enum, ", "), ", "); words != "" {
			about = append(about, "One of: "+words+".")
		}
		if part.Refers != "" {
			about = append(about, "A name of the "+part.Refers+".")
		}
	}
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		about = append(about, fmt.Sprintf("From %.0f to %.0f.", *s.Minimum, *s.Maximum))
	case s.Minimum != nil:
		about = append(about, fmt.Sprintf("At least %.0f.", *s.Minimum))
	}
	if required {
		about = append(about, "Must be there.")
	}
	if d := fmt.Sprint(s.Default); s.Default != nil && d != "map[]" && d != "[]" && d != "" {
		about = append(about, "When left out: "+d+".")
	}
	fmt.Fprintf(b, "| %s | %s | %s |\n", path, s.kind(), strings.ReplaceAll(strings.Join(about, " "), "|", "\\|"))
	s.rows(b, path)
}

func (s *Schema) kind() string {
	switch {
	case s.Type == "array" && s.Items != nil && s.Items.Type != "":
		return "list of " + s.Items.kind()
	case s.Type == "":
		return "text"
	}
	return map[string]string{
		"object": "mapping", "array": "list", "string": "text", "boolean": "true or false",
		"integer": "whole number", "number": "number",
	}[s.Type]
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
