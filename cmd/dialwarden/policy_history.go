package main

import (
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

func newPolicyHistory() *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List the revisions that were in force, since when, by what, and those that were refused",
		Long: `List the revisions that were in force, the newest first: since when and until when, what
brought them in force, and how many decisions they made. What was tried and refused is in the
list, too, with what was wrong. The time of the first line without an end is now.

What brought a revision in force: start (of the daemon), file (one was changed), SIGHUP,
reload (over the control socket), push, rollback; unknown before there was a history.`,
		Example: "  dialwarden policy history --limit 5\n  dialwarden policy history --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return fmt.Errorf("--limit %d: must be 1 or more, or 0 for all", limit)
			}
			r, cfg, err := openReader(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = r.Close() }()
			all, err := r.PolicyHistory(cmd.Context(), limit)
			if err != nil {
				return err
			}
			if asJSON {
				for _, e := range all {
					if err := printJSON(cmd.OutOrStdout(), e); err != nil {
						return err
					}
				}
				return nil
			}
			return printHistory(cmd.OutOrStdout(), all, cfg.Site.Location())
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "list the last `N`; 0 for all")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// printHistory writes the history for people. What was wrong with a refused revision stands beneath its line.
func printHistory(w io.Writer, all []ledger.PolicyEntry, zone *time.Location) error {
	if len(all) == 0 {
		return nil
	}
	const format = "%-16s  %-19s  %-19s  %-8s  %s\n"
	if _, err := fmt.Fprintf(w, format, "REVISION", "SINCE", "UNTIL", "BY", "DECISIONS"); err != nil {
		return err
	}
	for _, e := range all {
		until, decisions := "in force", fmt.Sprint(e.Decisions)
		switch {
		case e.Error != "":
			until, decisions = "refused", "-"
		case !e.Until.IsZero():
			until = moment(e.Until, zone)
		}
		if _, err := fmt.Fprintf(w, format, orDash(e.Revision), moment(e.Since, zone), until, e.Trigger, decisions); err != nil {
			return err
		}
		for line := range strings.Lines(e.Error) {
			if _, err := fmt.Fprintln(w, "    "+shown(strings.TrimSuffix(line, "\n"))); err != nil {
				return err
			}
		}
	}
	return nil
}

// revisionFile is a file of policy show --json.
type revisionFile struct {
	Revision string `json:"revision"`
	File     string `json:"file"`
	Bytes    int    `json:"bytes"`
	Content  string `json:"content"`
}

func newPolicyShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show REV [FILE]",
		Short: "Show the files of a revision that was in force, or one of them",
		Long: `Show which files a policy revision has, or what stands in one of them, from the ledger: every
revision that was ever in force is kept whole. Of REV the first characters are enough if there
is only one revision that begins so; "policy history" lists them.`,
		Example: "  dialwarden policy show 3f6c1a90e2b44f0d\n  dialwarden policy show 3f6c rules/premium.rego",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 2 {
				return fmt.Errorf("policy show takes a REV and a FILE, not %d arguments", len(args))
			}
			return atLeast("REV")(cmd, args)
		},
		ValidArgsFunction: completeRevision,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, _, err := openReader(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = r.Close() }()
			revision, err := r.FindRevision(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			files, err := r.Revision(cmd.Context(), revision)
			if err != nil {
				return err
			}
			if len(args) == 2 {
				name := path.Clean(args[1])
				content, ok := files[name]
				if !ok {
					return fmt.Errorf("revision %s has no file %q; it has %s", revision, args[1],
						strings.Join(slices.Sorted(maps.Keys(files)), ", "))
				}
				files = map[string][]byte{name: content}
			}
			return showFiles(cmd.OutOrStdout(), revision, files, len(args) == 2, asJSON)
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// showFiles prints the names of files, or what stands in them.
func showFiles(w io.Writer, revision string, files map[string][]byte, content, asJSON bool) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		var err error
		switch data := files[name]; {
		case asJSON:
			err = printJSON(w, revisionFile{revision, name, len(data), string(data)})
		case content:
			_, err = w.Write(data)
		default:
			_, err = fmt.Fprintf(w, "%8d  %s\n", len(data), name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// completeRevision offers the revisions of the history.
func completeRevision(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	r, _, err := openReader(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer func() { _ = r.Close() }()
	var offered []cobra.Completion
	if len(args) > 0 {
		files, _ := r.Revision(cmd.Context(), args[0])
		return append(offered, slices.Sorted(maps.Keys(files))...), cobra.ShellCompDirectiveNoFileComp
	}
	all, _ := r.PolicyHistory(cmd.Context(), 0)
	seen := map[string]bool{}
	for _, e := range all {
		if e.Error == "" && !seen[e.Revision] {
			seen[e.Revision] = true
			offered = append(offered, cobra.CompletionWithDesc(e.Revision, fmt.Sprintf("since %s, by %s", e.Since, e.Trigger)))
		}
	}
	return offered, cobra.ShellCompDirectiveNoFileComp
}
