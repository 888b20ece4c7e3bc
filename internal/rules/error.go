package rules

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// Error is a mistake in a file of the policy directory.
type Error struct {
	File    string // relative to the policy directory
	Line    int    // 1-based; 0 where the whole file is meant
	Column  int
	Message string
}

// Error tells where the mistake is and what it is, printable whatever is in the file.
func (e *Error) Error() string { return (*yamlfile.Error)(e).Error() }

// faults collects everything that is wrong, so that an admin sees it at once.
type faults struct {
	found []*Error
	other []error
}

// generated are the names that OPA gives to what has none in the file.
var generated = regexp.MustCompile(`__local[0-9]+__`)

// at adds a mistake at a place in a Rego file.
func (f *faults) at(loc *ast.Location, format string, args ...any) {
	e := &Error{Message: generated.ReplaceAllString(fmt.Sprintf(format, args...), "…")}
	if loc != nil {
		e.File, e.Line, e.Column = loc.File, loc.Row, loc.Col
	}
	for _, have := range f.found {
		if *have == *e {
			return
		}
	}
	f.found = append(f.found, e)
}

// in adds a mistake that concerns a whole file.
func (f *faults) in(file, format string, args ...any) {
	f.found = append(f.found, &Error{File: file, Message: fmt.Sprintf(format, args...)})
}

// add adds an error of another package that names its place itself.
func (f *faults) add(err error) {
	var many ast.Errors
	var one *ast.Error
	joined, isJoined := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
	case isJoined:
		for _, e := range joined.Unwrap() {
			if place, ok := errors.AsType[*yamlfile.Error](e); ok {
				f.found = append(f.found, (*Error)(place))
			} else {
				f.add(e)
			}
		}
	case errors.As(err, &many):
		for _, e := range many {
			f.at(e.Location, "%s", explain(e))
		}
	case errors.As(err, &one):
		f.at(one.Location, "%s", explain(one))
	default:
		f.other = append(f.other, legible{err})
	}
}

// legible is an error of another package, such as one of the file system, that a terminal can show.
type legible struct{ error }

func (p legible) Error() string { return yamlfile.Printable(p.error.Error()) }

func (p legible) Unwrap() error { return p.error }

func (f *faults) any() bool { return len(f.found)+len(f.other) > 0 }

// maxTold is how many mistakes are told one by one: a script that writes a directory makes the same in every line.
const maxTold = 500

// err joins the mistakes in the order of their places; nil if there are none.
func (f *faults) err() error {
	slices.SortStableFunc(f.found, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var all []error
	for _, e := range f.found[:min(len(f.found), maxTold)] {
		all = append(all, e)
	}
	if more := len(f.found) - maxTold; more > 0 {
		all = append(all, fmt.Errorf("and %d more mistakes", more))
	}
	return errors.Join(append(all, f.other...)...)
}

// explain says in words what OPA found, and what would be right where it knows.
func explain(e *ast.Error) string {
	msg := e.Message
	if name, ok := strings.CutPrefix(msg, "undefined function "); ok {
		return refusedBuiltin(name)
	}
	switch d := e.Details.(type) {
	case *ast.RefErrInvalidDetail:
		return explainRef(d, msg)
	case *ast.UnificationErrDetail:
		return fmt.Sprintf("%sa %s can never be equal to a %s%s", quoted(e.Location), d.Left, d.Right, withoutQuotes(d))
	}
	if e.Details != nil {
		var lines []string
		for _, line := range e.Details.Lines() {
			if line = strings.TrimSpace(line); strings.Trim(line, "^ ") != "" {
				lines = append(lines, line)
			}
		}
		msg += ": " + strings.Join(lines, "; ")
	}
	return msg
}

// quoted is the expression at a place with a colon, if it is short.
func quoted(loc *ast.Location) string {
	if loc == nil || len(loc.Text) == 0 || len(loc.Text) > 100 || bytes.ContainsRune(loc.Text, '\n') {
		return ""
	}
	return string(loc.Text) + ": "
}

// withoutQuotes says how a number is written, and how a text, where one of each is compared.
func withoutQuotes(d *ast.UnificationErrDetail) string {
	_, text1 := d.Left.(types.String)
	_, text2 := d.Right.(types.String)
	_, number1 := d.Left.(types.Number)
	_, number2 := d.Right.(types.Number)
	if text1 && number2 || number1 && text2 {
		return `; a number stands without quotes, a text in them`
	}
	return ""
}

// explainRef explains a look at a field that does not exist.
func explainRef(d *ast.RefErrInvalidDetail, msg string) string {
	if len(d.OneOf) == 0 {
		return fmt.Sprintf("%s: %s", msg, d.Ref)
	}
	var names []string
	for _, v := range d.OneOf {
		if s, ok := v.(ast.String); ok {
			names = append(names, string(s))
		}
	}
	slices.Sort(names)
	have, _ := d.Ref[d.Pos].Value.(ast.String)
	return fmt.Sprintf("%s does not exist%s; %s has %s",
		d.Ref[:d.Pos+1], didYouMean(string(have), names), d.Ref[:d.Pos], strings.Join(names, ", "))
}

// didYouMean names the candidate that is nearest to word, or nothing.
func didYouMean(word string, candidates []string) string {
	if best := nearest(word, candidates); best != "" {
		return fmt.Sprintf(" (did you mean %q?)", best)
	}
	return ""
}

// nearest returns the candidate that is at most two edits from word, or nothing.
func nearest(word string, candidates []string) string {
	best, distance := "", 3
	for _, c := range candidates {
		if d := levenshtein.ComputeDistance(word, c); d < distance && d < len(c) {
			best, distance = c, d
		}
	}
	return best
}
