// Package ledger keeps what Dialwarden decided: the decisions, the policy input and answer behind each, what became
// of the calls, the PINs that people prove themselves by, and the content of every policy revision. It is one SQLite
// file that anybody may read with the sqlite3 shell while the daemon writes it.
//
// # Durability
//
// A [Ledger] is the one writer of its file; a lock on the file beside it (PATH.lock) keeps every other away. All
// writing goes through one goroutine with one connection. It takes whatever requests are waiting at that moment into
// one transaction and releases their callers when the commit is on the disk (WAL, synchronous=FULL): a hundred
// callers that wait together pay for one commit, and one that comes alone pays for one commit and waits for nobody.
// A request that fails by itself (it breaks a constraint) fails alone; its neighbours are tried again without it. When
// the file cannot be written (full disk, a lock held by a shell, a read-only or moved file) everybody waiting gets
// [ErrUnwritable], and the next request tries anew, so that the ledger recovers when the cause is gone.
//
// What was acknowledged survives kill -9 and power loss. What was not acknowledged is normally not there; after a
// commit whose fsync failed it may be.
//
// # Proof
//
// The writer adds an entry to the chain in the transaction that writes a row, so that a row and its entry are there both
// or not at all. It keeps the end of the chain in mind, and reads it again with every new connection. Checkpoints are
// signed with a key made of the key file, and appended to a file apart. [Reader.Verify] holds everything against
// everything; docs/ledger-proof.md has the encoding.
//
// # Questions
//
// A list by any filters reads only rows that it shows, and few others: for blocks of 32,768 consecutive ids the file has
// facets, the set of ids that have a value (extension, holder, department, class, action, rule, quarter of an hour, every
// prefix of the number up to 8 bytes, longer ones that are frequent, the whole number), and a list keeps what is in all sets,
// block by block. A set is at most 4 KiB. For runs of 8 and of 64 blocks the file has the same sets once more, those of one
// value together, so that one look-up stands for 64: ten million decisions are some dozen runs and blocks. A long number
// that few called is looked up by SQLite's index of numbers. Facets of a block are built when it is full, by a goroutine that reads beside the writer and writes behind it:
// small transactions of their own, when no decision waits. Younger rows, at most a block, are looked through. Facets promise,
// rows decide: each row is checked when it is read, so that one that was masked or removed is never shown by what it was;
// triggers mark its block, which is then built anew, and its run. A page is read at one moment, and nothing is held between pages.
//
// No index of SQLite does that: by one column it reads half of the file for two filters that are each frequent and together
// rare, and one for each combination would be 2^8 of them.
//
// # Tables
//
//	decisions    one row per decision, immutable (triggers refuse UPDATE, DELETE and REPLACE), ids only grow
//	evaluations  the whole input (as call.Sparse writes it) and answer of each as JSON, immutable
//	calls        answer, end, seconds, cost, cause of each decided call, filled in as it goes on
//	challenges   callers being asked for a credential; gone once their decision is recorded
//	pins         HMAC-SHA256 of each PIN under the key file, never digits
//	retired_pins the hashes of digits that were a PIN once
//	tokens       the same of each token, what it is good for, and how many uses are taken
//	token_uses   the decision that took each use
//	charges      what each call over a trunk may cost, by the prices of its decision, and who pays
//	reservations what was put aside for each in the allowances that pay, and whether it is settled
//	accounts     what is used and put aside in each allowance and month: the sums of these
//	spending     calls, seconds and cost of each day, by extension, holder and department
//	pin_tries    wrong PINs and tokens of the last week, by phone
//	unlocks      who let phones try again
//	revisions    the files of each policy revision
//	chain        an entry for each decision, end, correction and change of the policy, with the hash of the one before
//	checkpoints  signed statements of what the chain was at a moment
//	corrections  what people said of a decision later, immutable
//	interventions  what operators did to calls in progress, immutable
//	sanctions    what breaking a rule has cost, immutable; sanction_lifts and sanction_costs what became of it
//	alerts       what people should hear of soon, for 30 days
//	deliveries   which receiver has an alert, and why not
//	meta         the fingerprint of the key
//	blocks       stretches of ids that have facets; derived, as the next four
//	facets       for each block and each value of what can be filtered by, the ids that have it
//	runs         stretches of blocks that have their facets together
//	run_facets   for each run and value, the ids of each of its blocks; but for whole numbers and the time
//	tallies      what was decided in each quarter of an hour, by action, class, rule and department; kept by triggers
//
// People and tools read the views decision_log and call_log, whose columns do not change. Moments are text, RFC 3339
// in UTC with milliseconds. Text that a phone sent (the dialled string above all) is stored printable: bytes that are
// not UTF-8, control characters and bidirectional controls appear as \xNN or \uNNNN, and decisions.dialled_raw keeps
// the exact bytes of such a string.
//
// The schema is made by migrations/*.sql, forward only; a file of a newer schema is refused.
package ledger
