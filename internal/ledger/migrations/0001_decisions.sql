-- Schema 1: decisions and the evaluations behind them, calls and their ends, challenges that wait for a credential,
-- PINs, policy revisions.
--
-- Moments are text, RFC 3339 in UTC with milliseconds, so that they sort and read as they stand.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pins (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  hash        BLOB NOT NULL UNIQUE CHECK (length(hash) = 32), -- HMAC-SHA256 under the key file
  holder      TEXT NOT NULL,
  department  TEXT NOT NULL,
  level       INTEGER NOT NULL,
  created_at  TEXT NOT NULL,
  disabled_at TEXT
) STRICT;

-- One row per decision, in the order in which they became durable.
CREATE TABLE decisions (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  at              TEXT NOT NULL,    -- when the call was attempted
  recorded_at     TEXT NOT NULL,    -- when the decision was written, by the ledger's clock
  source          TEXT NOT NULL,
  channel         TEXT NOT NULL,
  adopted         INTEGER NOT NULL CHECK (adopted IN (0, 1)),
  extension       TEXT NOT NULL,
  holder          TEXT NOT NULL,
  department      TEXT NOT NULL,
  dialled         TEXT NOT NULL,    -- printable: bytes that are not text are written \xNN
  dialled_raw     BLOB,             -- the exact bytes, only where the text differs from them
  number          TEXT NOT NULL,    -- E.164 where known, else the digits
  class           TEXT NOT NULL,
  action          TEXT NOT NULL CHECK (action IN ('allow', 'deny', 'challenge')),
  rule            TEXT NOT NULL,
  reason          TEXT NOT NULL,
  max_seconds     INTEGER,
  pin_id          INTEGER,          -- pins.id
  policy_revision TEXT NOT NULL,
  shadow          TEXT NOT NULL     -- JSON array
) STRICT;

CREATE INDEX decisions_at        ON decisions (at);
CREATE INDEX decisions_extension ON decisions (extension);
CREATE INDEX decisions_number    ON decisions (number);
CREATE INDEX decisions_class     ON decisions (class);
CREATE INDEX decisions_action    ON decisions (action);
CREATE INDEX decisions_rule      ON decisions (rule);

-- What the policy saw and answered: what a replay needs. Apart from decisions, because it is ten times as long and
-- no list reads it.
CREATE TABLE evaluations (
  decision_id   INTEGER PRIMARY KEY,
  evaluated_at  TEXT,               -- the time that the policy saw; NULL where it saw none
  evaluation_us INTEGER NOT NULL,
  input         TEXT NOT NULL,      -- JSON: the whole policy input
  decision      TEXT NOT NULL       -- JSON: the whole decision
) STRICT;

-- A row of the log never changes. The insert triggers are against INSERT OR REPLACE, which deletes without asking
-- the delete trigger, and against ids out of order.
CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are immutable'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are immutable'); END;
CREATE TRIGGER decisions_no_replace BEFORE INSERT ON decisions
WHEN NEW.id <= (SELECT max(id) FROM decisions) AND NEW.id <> -1 -- -1: the id is still to be given
BEGIN SELECT RAISE(FAIL, 'decisions are immutable'); END;
CREATE TRIGGER evaluations_no_update BEFORE UPDATE ON evaluations
BEGIN SELECT RAISE(ABORT, 'evaluations are immutable'); END;
CREATE TRIGGER evaluations_no_delete BEFORE DELETE ON evaluations
BEGIN SELECT RAISE(ABORT, 'evaluations are immutable'); END;
CREATE TRIGGER evaluations_no_replace BEFORE INSERT ON evaluations
WHEN NEW.decision_id <= (SELECT max(decision_id) FROM evaluations)
BEGIN SELECT RAISE(FAIL, 'evaluations are immutable'); END;

-- What became of each decided call, refused ones included. Filled in as the call goes on.
CREATE TABLE calls (
  decision_id INTEGER PRIMARY KEY REFERENCES decisions (id),
  answered_at TEXT,
  ended_at    TEXT,
  seconds     INTEGER,              -- from answer to end, each begun second counts; NULL until the end
  cost_minor  INTEGER,
  cause       INTEGER,              -- Q.850
  end_source  TEXT
) STRICT;

CREATE INDEX calls_open ON calls (decision_id) WHERE ended_at IS NULL;

-- Callers who are being asked for a credential, until their decision is recorded.
CREATE TABLE challenges (
  channel       TEXT PRIMARY KEY,
  announced_at  TEXT NOT NULL,
  attempt       TEXT NOT NULL,      -- JSON
  dialled_raw   BLOB,               -- as in decisions
  input         TEXT NOT NULL,      -- JSON
  decision      TEXT NOT NULL,      -- JSON
  evaluation_us INTEGER NOT NULL,
  pin_id        INTEGER
) STRICT, WITHOUT ROWID;

-- The whole content of each policy revision that decided.
CREATE TABLE revisions (
  revision TEXT PRIMARY KEY,
  at       TEXT NOT NULL,
  files    BLOB NOT NULL            -- gzip of a JSON object: path to base64 of the content
) STRICT, WITHOUT ROWID;

CREATE VIEW decision_log AS
SELECT id, at, source, extension, holder, department, dialled, number, class, action, rule, reason, max_seconds,
       pin_id, NULL AS token_id, NULL AS approver, policy_revision, shadow
FROM decisions;

CREATE VIEW call_log AS
SELECT decision_id, answered_at, ended_at, seconds, cost_minor, cause, end_source
FROM calls;
