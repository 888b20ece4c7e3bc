// Package policy holds the policy that Dialwarden ships with: Rego rules and their tests, the data that an admin edits,
// number plans, and the JSON Schema of the policy input. The binary carries it, so that `dialwarden init` can write it out.
package policy

import "embed"

// FS holds rules/*.rego, data/*.yaml, plans/*.yaml and schema/*.json.
//
//go:embed rules data plans schema
var FS embed.FS
