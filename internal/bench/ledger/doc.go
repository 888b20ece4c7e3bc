// Package ledger measures what the ledger makes of a disk: decisions a second and their latency with 1, 8, 64 and 256
// callers who wait for one another's commits, beside
//
//	bare    a loop that writes the same rows into the same tables, as many in a transaction as there are callers, by
//	        prepared statements of SQLite's driver, with nothing between
//	single  the same loop, each decision committed by itself
//	sync    writing one page of 4 KiB and syncing it (fdatasync)
//
// All are on the same disk in one run and take turns in short slices, so that noise of the machine falls on all of them.
// The rows of bare and single were computed beforehand; the ledger's callers compute theirs while it is timed.
package ledger
