-- Schema 4: the chain. Every decision, every end of a call, every correction and every change of the policy in force has
-- an entry, and every entry carries the hash of the one before it. What an entry says of its row is a SHA-256 over the
-- row (docs/ledger-proof.md has the encoding), so that no row can be changed, removed or put in between without a trace.

DROP TRIGGER decisions_no_update;
DROP TRIGGER policy_history_no_update;

CREATE TABLE chain (
  seq    INTEGER PRIMARY KEY,                           -- 1, 2, 3 … without a gap
  prev   BLOB NOT NULL CHECK (length(prev) = 32),       -- the hash of the entry before; zeros in the first
  kind   TEXT NOT NULL,                                 -- decision, end, correction, policy
  ref    INTEGER NOT NULL,                              -- the row: its id, or the decision's for an end
  digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;

CREATE TRIGGER chain_no_update BEFORE UPDATE ON chain
BEGIN SELECT RAISE(ABORT, 'the chain is immutable'); END;
CREATE TRIGGER chain_no_delete BEFORE DELETE ON chain
BEGIN SELECT RAISE(ABORT, 'the chain is immutable'); END;

-- Signed statements of what the chain was at a moment. They are also written to a file apart, line by line.
CREATE TABLE checkpoints (
  seq       INTEGER NOT NULL,     -- of the last entry at that moment; 0 before the first
  at        TEXT NOT NULL,
  hash      BLOB NOT NULL,        -- of that entry
  key       BLOB NOT NULL,        -- the first 8 bytes of the SHA-256 of the public key
  signature BLOB NOT NULL         -- Ed25519
) STRICT;
CREATE INDEX checkpoints_seq ON checkpoints (seq);

-- What is said of a decision later, by people. The newest of a decision counts.
CREATE TABLE corrections (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  at          TEXT NOT NULL,
  decision_id INTEGER NOT NULL REFERENCES decisions (id),
  who         TEXT NOT NULL,
  reason      TEXT NOT NULL,
  seconds     INTEGER,            -- what the call's seconds are now said to be; NULL: as they were
  cost_minor  INTEGER,
  seq         INTEGER NOT NULL    -- chain.seq
) STRICT;
CREATE INDEX corrections_decision ON corrections (decision_id, id);
CREATE TRIGGER corrections_no_update BEFORE UPDATE ON corrections
BEGIN SELECT RAISE(ABORT, 'corrections are immutable'); END;
CREATE TRIGGER corrections_no_delete BEFORE DELETE ON corrections
BEGIN SELECT RAISE(ABORT, 'corrections are immutable'); END;

-- Each row knows its entry. The salts keep the digests of what may have to be forgotten from being guessed; they go when
-- it goes, and the digest stays.
ALTER TABLE decisions ADD COLUMN seq INTEGER;             -- chain.seq
ALTER TABLE decisions ADD COLUMN numbers_seal BLOB;       -- 16 bytes: the salt; 32: the digest of what is gone
ALTER TABLE decisions ADD COLUMN person_seal BLOB;
ALTER TABLE decisions ADD COLUMN evaluation_seal BLOB;
ALTER TABLE calls ADD COLUMN seq INTEGER;                 -- of the call's end
ALTER TABLE policy_history ADD COLUMN seq INTEGER;

DROP VIEW call_log;
CREATE VIEW call_log AS
SELECT c.decision_id, c.answered_at, c.ended_at, coalesce(x.seconds, c.seconds) AS seconds,
       coalesce(x.cost_minor, c.cost_minor) AS cost_minor, c.cause,
       CASE WHEN x.id IS NULL THEN c.end_source ELSE 'correction' END AS end_source
FROM calls c LEFT JOIN corrections x
  ON x.id = (SELECT max(id) FROM corrections WHERE decision_id = c.decision_id);

-- Here the program gives every row that is there its entry: decisions, ends and the policy's history, the oldest first.
-- FILL:

CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are immutable'); END;
CREATE TRIGGER policy_history_no_update BEFORE UPDATE ON policy_history
BEGIN SELECT RAISE(ABORT, 'the history of the policy is immutable'); END;
CREATE TRIGGER calls_ended_no_update BEFORE UPDATE ON calls WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a call that has ended is immutable'); END;
