package app

import (
	"context"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/lint"
	"github.com/dialwarden/dialwarden/internal/numbering"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// Lint finds what in the policy is of no use. The error is one of LoadEdition; files are relative to the policy directory.
func Lint(ctx context.Context, cfg config.Config) ([]lint.Finding, error) {
	cfg.Policy.Deadline = max(cfg.Policy.Deadline, yamlfile.Duration(5*time.Second))
	edition, err := LoadEdition(cfg)
	if err != nil {
		return nil, err
	}
	dead, err := rules.FindDead(PolicyFiles(cfg))
	if err != nil {
		return nil, err
	}
	answers, err := lint.Probe(ctx, edition.Policy, edition.Book.Zone)
	if err != nil {
		return nil, err
	}
	today := time.Now().In(edition.Book.Zone).Format(time.DateOnly)
	answers.Money = lint.Money{
		Refuses: edition.Policy.Allowances().Refuses,
		Rated:   func(c call.Class) (all, some bool) { return edition.Policy.Rates().Knows(c, today) },
	}
	numbers := lint.Numbers{
		Classify: edition.Numbers.Classify, IsRegion: numbering.IsRegion, Outside: cfg.Numbering.OutsideLine,
	}
	return lint.Run(dead, edition.Policy.Files(), answers, numbers, time.Now().In(edition.Book.Zone)), nil
}
