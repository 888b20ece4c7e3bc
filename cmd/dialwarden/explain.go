package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/rules"
)

// columns is how wide explanations are printed.
const columns = 100

// explainLogged explains a decision of the ledger: from the facts that were recorded, by the revision of the policy that
// was in force. Where that is not possible any more, it says why instead.
func explainLogged(ctx context.Context, r *ledger.Reader, d ledger.Detail, cfg config.Config) (*rules.Explanation, string) {
	if d.Erased {
		return nil, "what the policy saw was erased (docs/privacy.md)"
	}
	var f call.Facts
	if err := json.Unmarshal(d.Input, &f); err != nil {
		return nil, fmt.Sprintf("what the policy saw cannot be read: %v", err)
	}
	files, err := r.Revision(ctx, d.PolicyRevision)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return nil, fmt.Sprintf("the ledger does not have the files of policy revision %s", d.PolicyRevision)
	case err != nil:
		return nil, err.Error()
	}
	p, err := rules.Load(rules.FS(files), rules.Options{Deadline: time.Duration(cfg.Policy.Deadline), Language: cfg.Site.Language})
	if err != nil {
		return nil, fmt.Sprintf("policy revision %s is not one that this version of Dialwarden can load:\n%v", d.PolicyRevision, err)
	}
	e := p.Explain(ctx, f)
	e.Recorded(d.Action, d.Rule, d.Reason)
	return &e, ""
}

// printExplanation tells an explanation in words.
func printExplanation(w io.Writer, e *rules.Explanation) error {
	var b strings.Builder
	for _, l := range e.Lines() {
		wrap(&b, 2*l.Indent, l.Text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printFacts tells what the policy saw, one part of the input a line: caller: extension 101; known true; holder Chen Wei.
func printFacts(w io.Writer, input json.RawMessage) error {
	if len(input) == 0 {
		return nil // erased
	}
	var b strings.Builder
	b.WriteString("the policy saw:\n")
	for _, part := range fields(input) {
		for _, inner := range part.split() {
			wrap(&b, 2, inner)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// jsonField is a field of a JSON object, in the order of its text.
type jsonField struct {
	name  string
	value json.RawMessage
}

// fields are those of a JSON object; none of anything else.
func fields(object json.RawMessage) []jsonField {
	dec := json.NewDecoder(bytes.NewReader(object))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var all []jsonField
	for dec.More() {
		f := jsonField{}
		t, err := dec.Token()
		if err != nil || dec.Decode(&f.value) != nil {
			return all
		}
		f.name = fmt.Sprint(t)
		all = append(all, f)
	}
	return all
}

// split tells a part of the input in lines: one of its own fields, and one for each object in it.
func (f jsonField) split() []string {
	if bytes.HasPrefix(f.value, []byte(`{"valid":false,`)) {
		return []string{f.name + ": none"}
	}
	var own, inner []string
	for _, x := range fields(f.value) {
		if below := (jsonField{f.name + "." + x.name, x.value}); len(fields(x.value)) > 0 {
			if isBlank(x.value) {
				inner = append(inner, below.name+": none")
				continue
			}
			inner = append(inner, below.split()...)
			continue
		}
		own = append(own, x.name+" "+plain(x.value))
	}
	if len(own) > 0 {
		inner = append([]string{f.name + ": " + strings.Join(own, "; ")}, inner...)
	}
	return inner
}

// isBlank reports whether all that is in an object is empty, 0 or false.
func isBlank(object json.RawMessage) bool {
	for _, x := range fields(object) {
		if len(fields(x.value)) > 0 && isBlank(x.value) {
			continue
		}
		if !slices.Contains([]string{`""`, "0", "false", "[]", "null"}, string(x.value)) {
			return false
		}
	}
	return true
}

// plain is a value for people.
func plain(v json.RawMessage) string {
	var text string
	var list []json.RawMessage
	switch {
	case json.Unmarshal(v, &text) == nil:
		if text == "" {
			return "-"
		}
		return shown(text)
	case json.Unmarshal(v, &list) == nil:
		if len(list) == 0 {
			return "none"
		}
		words := make([]string, len(list))
		for i, x := range list {
			words[i] = plain(x)
		}
		return strings.Join(words, ", ")
	}
	return string(v)
}

// wrap writes a text in lines that are not wider than columns; those after the first are indented by two more.
func wrap(b *strings.Builder, indent int, text string) {
	used := 0
	begin := func(n int) {
		b.WriteString(strings.Repeat(" ", n))
		used = n
	}
	begin(indent)
	for i, word := range words(text) {
		space := strings.HasPrefix(word, " ")
		if i > 0 && used+width(word) > columns {
			b.WriteString("\n")
			begin(indent + 2)
			word, space = strings.TrimPrefix(word, " "), false
		}
		if i == 0 && space {
			word = word[1:]
		}
		b.WriteString(word)
		used += width(word)
	}
	b.WriteString("\n")
}

// words cuts a text where a line may end: before a space, and after each Chinese character.
func words(text string) []string {
	var all []string
	begin := 0
	for i, r := range text {
		if r == ' ' && i > begin {
			all = append(all, text[begin:i])
			begin = i
		}
		if wide(r) {
			end := i + len(string(r))
			all = append(all, text[begin:end])
			begin = end
		}
	}
	if begin < len(text) {
		all = append(all, text[begin:])
	}
	return all
}

// wide reports whether a terminal shows a character two columns wide, as it does Chinese.
func wide(r rune) bool { return r >= 0x2E80 && r <= 0xFFDC || r >= 0x20000 }

// width is how many columns a text takes.
func width(s string) int {
	n := 0
	for _, r := range s {
		n++
		if wide(r) {
			n++
		}
	}
	return n
}
