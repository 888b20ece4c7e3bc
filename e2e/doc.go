// Package e2e holds the end-to-end tests: the real daemon, started as the binary that people run, decides real SIP calls
// on a real Asterisk, and every decision is read back from the real ledger. There is nothing here but tests.
package e2e
