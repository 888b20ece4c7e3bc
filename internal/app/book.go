package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/gate"
	"github.com/dialwarden/dialwarden/internal/numbering"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
	"github.com/dialwarden/dialwarden/policy"
)

// Edition is one revision of everything that calls are decided by.
type Edition struct {
	Book   *gate.Book
	Policy *rules.Policy
	Plan   *numbering.Plan
	// Numbers is the Book's, which can explain itself, too.
	Numbers *numbering.Classifier
}

// PolicyFiles returns the policy directory of the configuration, or the shipped policy if it names none. A directory
// without number plans has the shipped ones.
func PolicyFiles(cfg config.Config) fs.FS {
	if cfg.Policy.Dir == "" {
		return policy.FS
	}
	return orShippedPlans(os.DirFS(cfg.Policy.Dir))
}

// orShippedPlans adds the shipped number plans to a policy that has none.
func orShippedPlans(own fs.FS) fs.FS {
	entries, err := fs.ReadDir(own, plansFolder)
	meant := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { // a misspelt name is for rules to complain of
		return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(path.Ext(e.Name())))
	})
	if errors.Is(err, fs.ErrNotExist) || err == nil && !meant {
		return withShippedPlans{own}
	}
	return own
}

const plansFolder = "plans"

// withShippedPlans is a policy directory that has no number plans.
type withShippedPlans struct{ fs.FS }

// Open implements fs.FS.
func (w withShippedPlans) Open(name string) (fs.File, error) {
	if name == plansFolder || path.Dir(name) == plansFolder {
		return policy.FS.Open(name)
	}
	return w.FS.Open(name)
}

// LoadEdition reads and checks the policy directory: rules, directory and number plan. Faults name file and line, the
// file relative to the policy directory: *rules.Error and *yamlfile.Error, joined. A number plan, area or outside line
// that does not fit is a *yamlfile.Error about the configuration file.
func LoadEdition(cfg config.Config) (*Edition, error) {
	return loadEdition(cfg, PolicyFiles(cfg), cfg.Policy.Dir)
}

// loadEdition reads a policy from files; where names it to people, empty for the shipped one.
func loadEdition(cfg config.Config, files fs.FS, where string) (*Edition, error) {
	if where == "" {
		where = "the shipped policy"
	}
	p, err := rules.Load(files, rules.Options{Deadline: time.Duration(cfg.Policy.Deadline), Language: cfg.Site.Language})
	if err != nil {
		return nil, fmt.Errorf("the policy in %s is not usable:\n%w", where, err)
	}
	plan, err := numbering.Load(files, cfg.Numbering.Plan)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, cfg.Fault("numbering.plan", err.Error())
	}
	if err != nil {
		return nil, fmt.Errorf("the number plan in %s is not usable:\n%w", where, err)
	}
	numbers, err := plan.Classifier(numbering.Home{Area: cfg.Numbering.Area, OutsideLine: cfg.Numbering.OutsideLine}, p.Directory())
	var home *numbering.HomeError
	if errors.As(err, &home) {
		return nil, cfg.Fault("numbering."+home.Field, home.Message)
	}
	if err != nil {
		return nil, fmt.Errorf("the directory in %s does not fit the number plan:\n%w", where, inDirectory(err, p.Files()))
	}
	if err := hidesEmergency(numbers, p); err != nil {
		return nil, fmt.Errorf("the policy in %s does not fit the number plan:\n%w", where, err)
	}
	if err := checkCurrency(cfg, p); err != nil {
		return nil, fmt.Errorf("the policy in %s does not fit the configuration:\n%w", where, err)
	}
	return &Edition{Policy: p, Plan: plan, Book: &gate.Book{
		Numbers: numbers, Directory: p.Directory(), Rules: p, Zone: cfg.Site.Location(), Currency: cfg.Site.Currency,
		Lookup: p.Lookup, Short: p.ShortCalls(), AfterHours: p.AfterHours, Handset: p.Handset(), Lines: p.Lines(), Text: p.Text, Prices: p,
	}, Numbers: numbers}, nil
}

// inDirectory finds the place of a fault of the directory in its file.
func inDirectory(err error, content map[string][]byte) error {
	const file = "data/directory.yaml"
	var fault *numbering.DirectoryError
	if !errors.As(err, &fault) {
		return err
	}
	field := "extensions." + fault.Extension // which holds no dot: the directory has been read
	if fault.Field != "" {
		field += "." + fault.Field
	}
	at := yamlfile.At(file, content[file], field, "")
	at.Message = fault.Error()
	return at
}
