-- Schema 3: when each policy revision came in force and by what, and which were refused and why.

CREATE TABLE policy_history (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  at       TEXT NOT NULL,          -- when it came in force, or was refused, by the ledger's clock
  revision TEXT NOT NULL,          -- empty where the files could not be read
  trigger  TEXT NOT NULL,          -- start, file, SIGHUP, reload, push, rollback; unknown before schema 3
  error    TEXT NOT NULL           -- why it was refused; empty: it came in force
) STRICT;

INSERT INTO policy_history (at, revision, trigger, error)
SELECT at, revision, 'unknown', '' FROM revisions ORDER BY at, revision;

CREATE TRIGGER policy_history_no_update BEFORE UPDATE ON policy_history
BEGIN SELECT RAISE(ABORT, 'the history of the policy is immutable'); END;
CREATE TRIGGER policy_history_no_delete BEFORE DELETE ON policy_history
BEGIN SELECT RAISE(ABORT, 'the history of the policy is immutable'); END;

-- How many decisions each revision made.
CREATE INDEX decisions_revision ON decisions (policy_revision, recorded_at);
