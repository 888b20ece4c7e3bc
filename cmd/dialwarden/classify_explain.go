package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/numbering"
)

// explained is a number with the steps that led to it.
type explained struct {
	call.Number
	Steps []numbering.Step `json:"steps"`
}

// explainNumbers tells for each string how it was read: as one JSON object a line, or in words, where what a step tries
// stands indented below it.
func explainNumbers(w io.Writer, numbers *numbering.Classifier, dialled []string, asJSON bool) error {
	for i, s := range dialled {
		callee, steps := numbers.Explain(s)
		if asJSON {
			if err := printJSON(w, explained{callee.Number, steps}); err != nil {
				return err
			}
			continue
		}
		var b strings.Builder
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%q\n", s)
		for _, step := range steps {
			fmt.Fprintf(&b, "  %s%s", strings.Repeat("  ", step.Level), step.Text)
			if step.Entry != "" {
				fmt.Fprintf(&b, "  [%s]", step.Entry)
			}
			b.WriteString("\n")
		}
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
	}
	return nil
}
