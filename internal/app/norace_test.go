//go:build !race

package app

// reloads is how often a policy is exchanged under load.
const reloads = 1000
