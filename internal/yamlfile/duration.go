package yamlfile

import (
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Duration is a length of time, written like 50ms, 30s or 1h30m.
type Duration time.Duration

// UnmarshalYAML reads the text form.
func (d *Duration) UnmarshalYAML(node ast.Node) error {
	t := node.GetToken()
	v, err := time.ParseDuration(t.Value)
	if err != nil {
		return &Error{Line: t.Position.Line, Column: t.Position.Column, Message: "must be a time with its unit, like 50ms, 30s or 1h30m"}
	}
	*d = Duration(v)
	return nil
}

// MarshalYAML writes the text form.
func (d Duration) MarshalYAML() (any, error) { return time.Duration(d).String(), nil }
