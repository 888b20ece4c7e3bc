//go:build race

package app

// reloads is how often a policy is exchanged under load. The race detector makes a reload many times slower, and sees in
// a few what there is to be seen; scripts/test.sh runs the test without it, too.
const reloads = 100
