package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/scenario"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// scenarioDeadline is how long the policy may take for the call of a scenario: what is tested is what it says, on
// whatever machine.
const scenarioDeadline = 5 * time.Second

// RunScenarios places the calls of the policy's scenario files and returns what became of them, in the order of the
// files; none where there are no files. They are scenarios.yaml and scenarios/*.yaml in the policy directory, and
// scenarios.yaml beside it. The error is one of LoadEdition, or joins the faults of the files, each a *yamlfile.Error
// whose file is relative to the policy directory.
func RunScenarios(ctx context.Context, cfg config.Config) ([]scenario.Result, error) {
	all, err := readScenarios(cfg)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	cfg.Policy.Deadline = max(cfg.Policy.Deadline, yamlfile.Duration(scenarioDeadline))
	edition, err := LoadEdition(cfg)
	if err != nil {
		return nil, err
	}
	results := scenario.Run(ctx, all, edition.Book)
	return results, ctx.Err()
}

func readScenarios(cfg config.Config) ([]scenario.Scenario, error) {
	files := PolicyFiles(cfg)
	names, err := scenario.Find(files)
	if err != nil {
		return nil, err
	}
	sources := map[string][]byte{}
	for _, name := range names {
		if sources[name], err = fs.ReadFile(files, name); err != nil {
			return nil, err
		}
	}
	if cfg.Policy.Dir != "" {
		beside := filepath.Join("..", scenario.FileName)
		src, err := os.ReadFile(filepath.Join(cfg.Policy.Dir, beside))
		switch {
		case err == nil:
			names, sources[beside] = append(names, beside), src
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	var all []scenario.Scenario
	var faults []error
	for _, name := range names {
		read, err := scenario.Read(name, sources[name], cfg.Site.Location())
		all, faults = append(all, read...), append(faults, err)
	}
	return all, errors.Join(faults...)
}
