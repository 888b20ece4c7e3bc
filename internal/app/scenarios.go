package app

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/internal/scenario"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
	"github.com/dialwarden/dialwarden/policy"
)

// scenarioDeadline is how long the policy may take for the call of a scenario: what is tested is what it says, on
// whatever machine.
const scenarioDeadline = 5 * time.Second

// RunScenarios places the calls of the policy's scenario files and returns what became of them, in the order of the
// files; none where there are no files. They are scenarios.yaml and scenarios/*.yaml in the policy directory, and
// scenarios.yaml beside it. The error is one of LoadEdition, or joins the faults of the files, each a *yamlfile.Error
// whose file is relative to the policy directory.
func RunScenarios(ctx context.Context, cfg config.Config) ([]scenario.Result, error) {
	files, err := rules.ReadFiles(PolicyFiles(cfg))
	if err != nil {
		return nil, err
	}
	beside, err := besidePolicy(cfg)
	if err != nil {
		return nil, err
	}
	maps.Copy(files, beside)
	all, err := readScenarios(cfg, files)
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

// readScenarios reads the scenario files among files, that of the site last; all that is wrong with them is joined.
func readScenarios(cfg config.Config, files map[string][]byte) ([]scenario.Scenario, error) {
	var all []scenario.Scenario
	var faults []error
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(name string) bool { return !scenario.Is(name) })
	if _, ok := files[besideName]; ok {
		names = append(names, besideName)
	}
	for _, name := range names {
		found, err := scenario.Read(name, files[name], cfg.Site.Location())
		all, faults = append(all, found...), append(faults, err)
	}
	return all, errors.Join(faults...)
}

const besideName = "../" + scenario.FileName

// besidePolicy returns the scenario file of the site under its name: it stands beside the policy directory, is no part
// of the policy, and holds for whatever policy comes into the directory. Where there is none, nothing is returned.
func besidePolicy(cfg config.Config) (map[string][]byte, error) {
	if cfg.Policy.Dir == "" {
		return nil, nil
	}
	src, err := os.ReadFile(filepath.Join(cfg.Policy.Dir, besideName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return map[string][]byte{besideName: src}, nil
}

// sampleScenarios takes the scenario file that comes with Dialwarden out of the files of a policy, if it is there as it
// was shipped. It is about the shipped data and a site in Beijing: an example, until somebody makes it his own.
func sampleScenarios(files map[string][]byte) map[string][]byte {
	shipped, err := fs.ReadFile(policy.FS, scenario.FileName)
	if own := files[scenario.FileName]; err == nil && bytes.Equal(own, shipped) {
		delete(files, scenario.FileName)
		return map[string][]byte{scenario.FileName: own}
	}
	return nil
}
