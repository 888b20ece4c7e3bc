-- Schema 9: calls are followed on the channel that answered them, and their caps can be changed while they go on.

ALTER TABLE calls ADD COLUMN leg TEXT;                    -- the channel that answered, Asterisk's unique id; NULL: not known
ALTER TABLE calls ADD COLUMN max_seconds INTEGER;         -- the cap since an operator changed it; NULL: the decision's

-- What operators did to calls in progress. It stays when the decision goes: no caller is named in it.
CREATE TABLE interventions (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  at          TEXT NOT NULL,
  decision_id INTEGER NOT NULL,
  who         TEXT NOT NULL,
  what        TEXT NOT NULL CHECK (what IN ('extend', 'end')),
  max_seconds INTEGER,            -- the cap from now on, counted from the answer; NULL: as it was
  reason      TEXT NOT NULL,
  seq         INTEGER NOT NULL    -- chain.seq
) STRICT;
CREATE INDEX interventions_decision ON interventions (decision_id, id);
CREATE TRIGGER interventions_no_update BEFORE UPDATE ON interventions
BEGIN SELECT RAISE(ABORT, 'interventions are immutable'); END;
CREATE TRIGGER interventions_no_delete BEFORE DELETE ON interventions
BEGIN SELECT RAISE(ABORT, 'interventions are immutable'); END;
