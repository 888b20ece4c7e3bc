package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/replay"
)

// replayed is the answer of policy replay and policy diff.
type replayed struct {
	Before side `json:"before"`
	After  side `json:"after"`
	*replay.Report
}

// topGroups is how many groups people see of each kind.
const topGroups = 10

func (r replayed) print(stdout io.Writer, site config.Site) error {
	if _, err := fmt.Fprintf(stdout, "%d calls: %s, then %s\n\n", r.Calls, r.Before, r.After); err != nil {
		return err
	}
	if err := table(stdout, r.summary(site)); err != nil {
		return err
	}
	for _, by := range []struct {
		name   string
		groups []replay.Group
	}{{"RULE", r.ByRule}, {"DEPARTMENT", r.ByDepartment}, {"EXTENSION", r.ByExtension}} {
		if err := printGroups(stdout, by.name, by.groups, site); err != nil {
			return err
		}
	}
	return r.printExamples(stdout, site)
}

// summary is the table of all categories that there are.
func (r replayed) summary(site config.Site) [][]string {
	rows := [][]string{{"CHANGE", "CALLS", "MINUTES", "COST"}}
	for _, c := range replay.Categories() {
		if t := r.Categories[c]; t.Calls > 0 {
			rows = append(rows, append([]string{inWords(c)}, tallied(t, site)...))
		}
	}
	rows = append(rows, []string{"unchanged", strconv.Itoa(r.Unchanged)})
	for _, u := range r.Unreplayed {
		rows = append(rows, []string{"not replayed", strconv.Itoa(u.Calls), fmt.Sprintf("(%s; the last is %d)", u.Reason, u.LastID)})
	}
	return rows
}

// inWords is a category for people.
func inWords(c replay.Category) string {
	switch c {
	case replay.ShadowRefused:
		return "would newly refuse (shadow)"
	case replay.ShadowAsked:
		return "would newly ask (shadow)"
	case replay.ShadowAllowed:
		return "would newly allow (shadow)"
	case replay.ShadowChanged:
		return "other effects (shadow)"
	}
	return strings.ReplaceAll(string(c), "_", " ")
}

// tallied are the columns of a tally: calls, minutes, cost.
func tallied(t replay.Tally, site config.Site) []string {
	cost := "-"
	if t.CostMinor != nil {
		cost = money(*t.CostMinor, site)
		if t.Unpriced > 0 {
			cost += fmt.Sprintf(" and %d calls not rated", t.Unpriced)
		}
	}
	return []string{strconv.Itoa(t.Calls), fmt.Sprintf("%.1f", float64(t.Seconds)/60), cost}
}

// money writes an amount of minor units.
func money(minor int64, site config.Site) string { return call.Money(minor, site.Currency) }

func printGroups(w io.Writer, name string, groups []replay.Group, site config.Site) error {
	if len(groups) == 0 {
		return nil
	}
	rows := [][]string{{"BY " + name, "CHANGE", "CALLS", "MINUTES", "COST"}}
	for _, g := range groups[:min(len(groups), topGroups)] {
		label := shown(g.Name)
		switch {
		case g.Name == "":
			label = "-"
		case g.Was != "" && g.Was != g.Name:
			label += ", was " + shown(g.Was)
		}
		rows = append(rows, append([]string{label, inWords(g.Category)}, tallied(g.Tally, site)...))
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	if err := table(w, rows); err != nil {
		return err
	}
	if more := len(groups) - topGroups; more > 0 {
		_, err := fmt.Fprintf(w, "and %d more; --json has all\n", more)
		return err
	}
	return nil
}

func (r replayed) printExamples(w io.Writer, site config.Site) error {
	if len(r.Examples) == 0 {
		return nil
	}
	rows := [][]string{{"EXAMPLE", "TIME", "FROM", "DIALLED", "CHANGE", "WAS", "WOULD BE"}}
	for _, e := range r.Examples {
		rows = append(rows, []string{
			number(e.ID), e.At.In(site.Location()).Format("2006-01-02 15:04:05"), shown(e.Extension), shown(e.Dialled),
			inWords(e.Category), was(e), wouldBe(e),
		})
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	if err := table(w, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "\n\"dialwarden log show ID\" tells all about an example.")
	return err
}

// outcomeText tells an answer in a few words.
func outcomeText(o replay.Outcome) string {
	text := string(o.Action) + " by " + shown(o.Rule)
	if o.Asked && o.Action != call.Challenge {
		text += " after a proof"
	}
	if o.MaxSeconds > 0 {
		text += ", cap " + seconds(o.MaxSeconds)
	}
	if o.To != "" {
		text += ", to " + shown(o.To)
	}
	if o.Trunk != "" {
		text += " over " + shown(o.Trunk)
	}
	return text
}

func withReason(o replay.Outcome) string {
	if o.Reason == "" {
		return outcomeText(o)
	}
	return outcomeText(o) + ": " + shown(o.Reason)
}

// was tells the answer of before.
func was(e replay.Example) string {
	if e.Category.IsShadow() {
		return withShadow(e.Before)
	}
	return outcomeText(e.Before)
}

// wouldBe tells the answer of after.
func wouldBe(e replay.Example) string {
	if e.Category.IsShadow() {
		return withShadow(e.After)
	}
	return withReason(e.After)
}

// withShadow adds what rules in mode shadow would do.
func withShadow(o replay.Outcome) string {
	text := outcomeText(o)
	for _, s := range o.Shadow {
		text += "; in shadow: " + strings.TrimSpace(s.Head+" by "+shown(s.Rule))
		if s.Reason != "" {
			text += ": " + shown(s.Reason)
		}
	}
	return text
}
