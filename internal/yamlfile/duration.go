package yamlfile

import (
	"time"

	"go.yaml.in/yaml/v3"
)

// Duration is a length of time, written like 50ms, 30s or 1h30m.
type Duration time.Duration

// readNode reads the text form.
func (t *Duration) readNode(d *decoder, n *yaml.Node) *Error {
	v, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		return d.fault(n, "must be a time with its unit, like 50ms, 30s or 1h30m")
	}
	*t = Duration(v)
	return nil
}
