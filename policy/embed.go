// Package policy holds the policy that Dialwarden ships with: Rego rules and their tests, the data that an admin edits,
// number plans, scenarios, and the JSON Schema of the policy input and of the files. The binary carries it, so that `dialwarden init` can write it out.
package policy

import "embed"

// FS holds rules/*.rego, data/*.yaml, plans/*.yaml, schema/*.json and scenarios.yaml.
//
//go:embed rules data plans schema scenarios.yaml
var FS embed.FS
