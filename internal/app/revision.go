package app

import (
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/rules"
)

// LoadRevision is LoadEdition for a revision that a ledger keeps: its files by path.
func LoadRevision(cfg config.Config, revision string, files map[string][]byte) (*Edition, error) {
	return loadEdition(cfg, orShippedPlans(rules.FS(files)), "revision "+revision)
}
