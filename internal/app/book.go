package app

import (
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/gate"
	"github.com/dialwarden/dialwarden/internal/numbering"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/policy"
)

// Edition is one revision of everything that calls are decided by.
type Edition struct {
	Book   *gate.Book
	Policy *rules.Policy
	Plan   *numbering.Plan
}

// PolicyFiles returns the policy directory of the configuration, or the shipped policy if it names none.
func PolicyFiles(cfg config.Config) fs.FS {
	if cfg.Policy.Dir == "" {
		return policy.FS
	}
	return os.DirFS(cfg.Policy.Dir)
}

// LoadEdition reads and checks the policy directory: rules, directory and number plan. Faults name file and line, the
// file relative to the policy directory.
func LoadEdition(cfg config.Config) (*Edition, error) {
	files, where := PolicyFiles(cfg), cfg.Policy.Dir
	if where == "" {
		where = "the shipped policy"
	}
	p, err := rules.Load(files, rules.Options{Deadline: time.Duration(cfg.Policy.Deadline), Language: cfg.Site.Language})
	if err != nil {
		return nil, fmt.Errorf("the policy in %s is not usable:\n%w", where, err)
	}
	plan, err := numbering.Load(files, cfg.Numbering.Plan)
	if err != nil {
		return nil, fmt.Errorf("the number plan in %s is not usable:\n%w", where, err)
	}
	home := numbering.Home{Area: cfg.Numbering.Area, OutsideLine: cfg.Numbering.OutsideLine}
	numbers, err := plan.Classifier(home, p.Directory())
	if err != nil {
		return nil, fmt.Errorf("the number plan in %s does not fit the site:\n%w", where, err)
	}
	return &Edition{Policy: p, Plan: plan, Book: &gate.Book{
		Numbers: numbers, Directory: p.Directory(), Rules: p, Zone: cfg.Site.Location(),
		Lookup: p.Lookup, Short: p.ShortCalls(),
	}}, nil
}
