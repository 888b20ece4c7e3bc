-- Schema 5: what may have to be forgotten can be, and the chain still holds. An erasure says which rows lost what, when,
-- and why; looks say who saw whole numbers.

CREATE TABLE erasures (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      TEXT NOT NULL,
  who     TEXT NOT NULL,      -- an account, or retention
  what    TEXT NOT NULL CHECK (what IN ('numbers', 'person', 'row', 'correction')),
  reason  TEXT NOT NULL,
  ids     TEXT NOT NULL,      -- of the decisions, like 1-500 503; with what = correction, of corrections
  content BLOB NOT NULL,      -- SHA-256 over what was left of them
  seq     INTEGER NOT NULL    -- chain.seq
) STRICT;
CREATE TRIGGER erasures_no_update BEFORE UPDATE ON erasures
BEGIN SELECT RAISE(ABORT, 'erasures are immutable'); END;
CREATE TRIGGER erasures_no_delete BEFORE DELETE ON erasures
BEGIN SELECT RAISE(ABORT, 'erasures are immutable'); END;

CREATE TABLE looks (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  at     TEXT NOT NULL,
  who    TEXT NOT NULL,       -- an account
  what   TEXT NOT NULL,       -- list, show, tail, export …
  filter TEXT NOT NULL,       -- JSON
  seq    INTEGER NOT NULL     -- chain.seq
) STRICT;
CREATE TRIGGER looks_no_update BEFORE UPDATE ON looks
BEGIN SELECT RAISE(ABORT, 'looks are immutable'); END;
CREATE TRIGGER looks_no_delete BEFORE DELETE ON looks
BEGIN SELECT RAISE(ABORT, 'looks are immutable'); END;

-- Rows still do not change, but for what leaves a digest in its place; and they go only while an erasure is written, which
-- notes so in meta.
DROP TRIGGER decisions_no_update;
CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions
WHEN NOT (
  NEW.id IS OLD.id AND NEW.at IS OLD.at AND NEW.recorded_at IS OLD.recorded_at AND NEW.source IS OLD.source
  AND NEW.channel IS OLD.channel AND NEW.adopted IS OLD.adopted AND NEW.class IS OLD.class AND NEW.action IS OLD.action
  AND NEW.rule IS OLD.rule AND NEW.max_seconds IS OLD.max_seconds AND NEW.pin_id IS OLD.pin_id
  AND NEW.policy_revision IS OLD.policy_revision AND NEW.seq IS OLD.seq
  AND (length(NEW.numbers_seal) = 32 OR NEW.numbers_seal IS OLD.numbers_seal AND NEW.dialled IS OLD.dialled
       AND NEW.dialled_raw IS OLD.dialled_raw AND NEW.number IS OLD.number AND NEW.reason IS OLD.reason AND NEW.shadow IS OLD.shadow)
  AND (length(NEW.person_seal) = 32 OR NEW.person_seal IS OLD.person_seal AND NEW.extension IS OLD.extension
       AND NEW.holder IS OLD.holder AND NEW.department IS OLD.department)
  AND (length(NEW.evaluation_seal) = 32 OR NEW.evaluation_seal IS OLD.evaluation_seal)
  AND EXISTS (SELECT 1 FROM meta WHERE key = 'erasing'))
BEGIN SELECT RAISE(ABORT, 'decisions are immutable'); END;

DROP TRIGGER decisions_no_delete;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'erasing')
BEGIN SELECT RAISE(ABORT, 'decisions are immutable'); END;
DROP TRIGGER evaluations_no_delete;
CREATE TRIGGER evaluations_no_delete BEFORE DELETE ON evaluations WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'erasing')
BEGIN SELECT RAISE(ABORT, 'evaluations are immutable'); END;
DROP TRIGGER corrections_no_delete;
CREATE TRIGGER corrections_no_delete BEFORE DELETE ON corrections WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'erasing')
BEGIN SELECT RAISE(ABORT, 'corrections are immutable'); END;

-- What retention looks for: rows that still have whole numbers, the oldest first; and whose rows a person has.
CREATE INDEX decisions_whole ON decisions (at) WHERE length(numbers_seal) = 16;
CREATE INDEX decisions_holder ON decisions (holder);
