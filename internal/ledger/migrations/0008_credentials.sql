-- Schema 8: PINs that are somebody's for a time and for some classes, tokens and their uses, wrong tries; and in every
-- decision the token it was made by, who approved it, and the matter it is about.

-- NULL where there is none: then they are not in the digest, so that rows of earlier schemas keep theirs.
ALTER TABLE decisions ADD COLUMN token_id INTEGER;        -- tokens.id
ALTER TABLE decisions ADD COLUMN approver TEXT;           -- who allowed or refused the call
ALTER TABLE decisions ADD COLUMN matter TEXT;             -- the code; goes with the numbers
ALTER TABLE decisions ADD COLUMN approver_seal BLOB;      -- 16 bytes: the salt; 32: the digest of who is gone
CREATE INDEX decisions_approver ON decisions (approver) WHERE approver IS NOT NULL;
CREATE INDEX decisions_pin ON decisions (pin_id) WHERE pin_id IS NOT NULL;
CREATE INDEX decisions_token ON decisions (token_id) WHERE token_id IS NOT NULL;

DROP TRIGGER decisions_no_update;
CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions
WHEN NOT (
  NEW.id IS OLD.id AND NEW.at IS OLD.at AND NEW.recorded_at IS OLD.recorded_at AND NEW.source IS OLD.source
  AND NEW.channel IS OLD.channel AND NEW.adopted IS OLD.adopted AND NEW.class IS OLD.class AND NEW.action IS OLD.action
  AND NEW.rule IS OLD.rule AND NEW.max_seconds IS OLD.max_seconds AND NEW.pin_id IS OLD.pin_id
  AND NEW.policy_revision IS OLD.policy_revision AND NEW.seq IS OLD.seq AND NEW.token_id IS OLD.token_id
  AND (length(NEW.numbers_seal) = 32 AND (NEW.matter IS NULL OR NEW.matter IS OLD.matter)
       OR NEW.numbers_seal IS OLD.numbers_seal AND NEW.dialled IS OLD.dialled AND NEW.dialled_raw IS OLD.dialled_raw
       AND NEW.number IS OLD.number AND NEW.reason IS OLD.reason AND NEW.shadow IS OLD.shadow AND NEW.matter IS OLD.matter)
  AND (length(NEW.person_seal) = 32 OR NEW.person_seal IS OLD.person_seal AND NEW.extension IS OLD.extension
       AND NEW.holder IS OLD.holder AND NEW.department IS OLD.department)
  AND (length(NEW.approver_seal) = 32 AND NEW.approver IS NULL
       OR NEW.approver_seal IS OLD.approver_seal AND NEW.approver IS OLD.approver)
  AND (length(NEW.evaluation_seal) = 32 OR NEW.evaluation_seal IS OLD.evaluation_seal)
  AND EXISTS (SELECT 1 FROM meta WHERE key = 'erasing'))
BEGIN SELECT RAISE(ABORT, 'decisions are immutable'); END;

-- An erasure may now take an approver away.
CREATE TABLE erasures_8 (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      TEXT NOT NULL,
  who     TEXT NOT NULL,      -- an account, or retention
  what    TEXT NOT NULL CHECK (what IN ('numbers', 'person', 'approver', 'row', 'correction')),
  reason  TEXT NOT NULL,
  ids     TEXT NOT NULL,      -- of the decisions, like 1-500 503; with what = correction, of corrections
  content BLOB NOT NULL,      -- SHA-256 over what was left of them
  seq     INTEGER NOT NULL    -- chain.seq
) STRICT;
INSERT INTO erasures_8 SELECT id, at, who, what, reason, ids, content, seq FROM erasures ORDER BY id;
DROP TABLE erasures;
ALTER TABLE erasures_8 RENAME TO erasures;
CREATE TRIGGER erasures_no_update BEFORE UPDATE ON erasures
BEGIN SELECT RAISE(ABORT, 'erasures are immutable'); END;
CREATE TRIGGER erasures_no_delete BEFORE DELETE ON erasures
BEGIN SELECT RAISE(ABORT, 'erasures are immutable'); END;

ALTER TABLE pins ADD COLUMN extension TEXT NOT NULL DEFAULT '';
ALTER TABLE pins ADD COLUMN valid_from TEXT;              -- NULL: at once
ALTER TABLE pins ADD COLUMN valid_to TEXT;                -- NULL: until it is disabled
ALTER TABLE pins ADD COLUMN classes TEXT NOT NULL DEFAULT ''; -- like mobile,national; empty: all
ALTER TABLE pins ADD COLUMN changed_at TEXT;              -- when it last got other digits
CREATE INDEX pins_holder ON pins (holder);

-- Digits that were a PIN once. Nobody gets them again.
CREATE TABLE retired_pins (
  hash   BLOB PRIMARY KEY CHECK (length(hash) = 32),
  pin_id INTEGER NOT NULL,    -- pins.id
  at     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Rights to call that a person gave.
CREATE TABLE tokens (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  hash        BLOB NOT NULL UNIQUE CHECK (length(hash) = 32), -- as of a PIN
  approver    TEXT NOT NULL,
  extension   TEXT NOT NULL,  -- that may use it; empty: any
  number      TEXT NOT NULL,  -- one of these three is not empty
  prefix      TEXT NOT NULL,
  class       TEXT NOT NULL,
  uses        INTEGER NOT NULL CHECK (uses > 0),
  used        INTEGER NOT NULL DEFAULT 0 CHECK (used BETWEEN 0 AND uses),
  issued_at   TEXT NOT NULL,
  expires_at  TEXT NOT NULL,
  max_seconds INTEGER NOT NULL,
  reason      TEXT NOT NULL,
  revoked_at  TEXT,
  revoked_by  TEXT
) STRICT;
CREATE INDEX tokens_approver ON tokens (approver);

-- Which call took a use, and whether it came back.
CREATE TABLE token_uses (
  decision_id INTEGER PRIMARY KEY REFERENCES decisions (id),
  token_id    INTEGER NOT NULL REFERENCES tokens (id),
  returns     INTEGER NOT NULL CHECK (returns IN (0, 1)),     -- 1: it comes back if nobody answers
  returned_at TEXT
) STRICT;

-- Wrong PINs and tokens, without a digit. Old ones go.
CREATE TABLE pin_tries (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  at        TEXT NOT NULL,
  extension TEXT NOT NULL
) STRICT;
CREATE INDEX pin_tries_at ON pin_tries (at);

-- Who let phones try again.
CREATE TABLE unlocks (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  at        TEXT NOT NULL,
  who       TEXT NOT NULL,
  extension TEXT NOT NULL,    -- empty: all
  tries     INTEGER NOT NULL  -- so many were forgotten
) STRICT;

DROP VIEW decision_log;
CREATE VIEW decision_log AS
SELECT id, at, source, extension, holder, department, dialled, number, class, action, rule, reason, max_seconds,
       pin_id, token_id, approver, policy_revision, shadow, matter
FROM decisions;
