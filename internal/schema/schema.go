// Package schema reads a subset of JSON Schema and holds values to it: enough to describe the files that an admin
// edits, and to say of each mistake what is wrong and what would be right. Validating works on what a YAML or JSON
// decoder gives; a fault names the keys that lead to it, for the caller to find its line.
//
// The keywords are $schema, $id, $ref (#/definitions/…), definitions, title, description, type, properties,
// additionalProperties, propertyNames, required, items, minItems, maxItems, uniqueItems, enum, pattern, minLength,
// maxLength, minimum, maximum, default and examples; any other is an error. One is our own: x-refers names a kind of
// thing that the site has, such as its lists, and the value (or the key, in propertyNames) is the name of one.
package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Schema describes a value. The zero value allows anything.
type Schema struct {
	Dialect              string             `json:"$schema,omitempty"`
	ID                   string             `json:"$id,omitempty"`
	Ref                  string             `json:"$ref,omitempty"`
	Definitions          map[string]*Schema `json:"definitions,omitempty"`
	Title                string             `json:"title,omitempty"`
	Description          string             `json:"description,omitempty"`
	Type                 string             `json:"type,omitempty"`
	Properties           Properties         `json:"properties,omitempty"`
	AdditionalProperties *Additional        `json:"additionalProperties,omitempty"`
	PropertyNames        *Schema            `json:"propertyNames,omitempty"`
	Required             []string           `json:"required,omitempty"`
	Items                *Schema            `json:"items,omitempty"`
	MinItems             int                `json:"minItems,omitempty"`
	MaxItems             *int               `json:"maxItems,omitempty"`
	UniqueItems          bool               `json:"uniqueItems,omitempty"`
	Enum                 []string           `json:"enum,omitempty"`
	Pattern              string             `json:"pattern,omitempty"`
	MinLength            int                `json:"minLength,omitempty"`
	MaxLength            *int               `json:"maxLength,omitempty"`
	Minimum              *float64           `json:"minimum,omitempty"`
	Maximum              *float64           `json:"maximum,omitempty"`
	Default              any                `json:"default,omitempty"`
	Examples             []any              `json:"examples,omitempty"`
	Refers               string             `json:"x-refers,omitempty"`

	pattern *regexp.Regexp
}

// Properties are the named fields of an object, in the order of the file.
type Properties struct {
	Names  []string
	ByName map[string]*Schema
}

// UnmarshalJSON keeps the order.
func (p *Properties) UnmarshalJSON(data []byte) error {
	if err := unmarshal(data, &p.ByName); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		p.Names = append(p.Names, fmt.Sprint(name))
		if err := dec.Decode(new(json.RawMessage)); err != nil {
			return err
		}
	}
	return nil
}

// Additional describes the fields that have no name in the schema: none, or of a kind.
type Additional struct{ Schema *Schema } // nil: none are allowed

// UnmarshalJSON reads false or a schema.
func (a *Additional) UnmarshalJSON(data []byte) error {
	switch string(bytes.TrimSpace(data)) {
	case "false":
		return nil
	case "true":
		a.Schema = &Schema{}
		return nil
	}
	a.Schema = &Schema{}
	return unmarshal(data, a.Schema)
}

// Parse reads a schema. An error in the JSON is a *json.SyntaxError.
func Parse(data []byte) (*Schema, error) {
	s := &Schema{}
	if err := unmarshal(data, s); err != nil {
		return nil, err
	}
	if err := s.resolve(s, "the schema", 0); err != nil {
		return nil, err
	}
	return s, nil
}

func unmarshal(data []byte, to any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(to); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more behind the end of the schema")
	}
	return nil
}

var types = []string{"", "object", "array", "string", "integer", "number", "boolean"}

// maxDepth is how deeply a schema may be nested.
const maxDepth = 16

// resolve puts definitions in the place of references, and compiles patterns.
func (s *Schema) resolve(root *Schema, at string, depth int) (err error) {
	if depth > maxDepth {
		return fmt.Errorf("%s: nested more than %d deep; a definition must not lead back to itself", at, maxDepth)
	}
	if s.Ref != "" {
		name, ok := strings.CutPrefix(s.Ref, "#/definitions/")
		target := root.Definitions[name]
		if !ok || target == nil || target.Ref != "" {
			return fmt.Errorf("%s: there is no definition %s", at, s.Ref)
		}
		own := *s
		*s = *target
		s.Ref = own.Ref
		if own.Description != "" {
			s.Description = own.Description
		}
		if own.Default != nil {
			s.Default = own.Default
		}
	}
	if !slices.Contains(types, s.Type) {
		return fmt.Errorf("%s: there is no type %q", at, s.Type)
	}
	if s.Pattern != "" {
		if s.pattern, err = regexp.Compile(s.Pattern); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	for name, part := range s.parts() {
		if err := part.resolve(root, at+"."+name, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// parts are the schemas of what is within.
func (s *Schema) parts() map[string]*Schema {
	all := map[string]*Schema{}
	for name, p := range s.Properties.ByName {
		all[name] = p
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		all["*"] = s.AdditionalProperties.Schema
	}
	if s.Items != nil {
		all["[]"] = s.Items
	}
	if s.PropertyNames != nil {
		all["names"] = s.PropertyNames
	}
	return all
}

// At returns the schema of the values under a path; nil where the schema knows nothing about it, and false where it
// allows nothing there. A path element that is not known beforehand is "".
func (s *Schema) At(path ...string) (*Schema, bool) {
	for _, key := range path {
		switch {
		case s.Type == "array" && s.Items != nil:
			s = s.Items
		case s.Type != "object":
			return nil, s.Type == "" || s.Type == "array"
		case s.Properties.ByName[key] != nil:
			s = s.Properties.ByName[key]
		case s.AdditionalProperties == nil || key == "" && len(s.Properties.ByName) > 0:
			return nil, true
		case s.AdditionalProperties.Schema == nil:
			return nil, false
		default:
			s = s.AdditionalProperties.Schema
		}
	}
	return s, true
}
