-- Schema 11: alerts, until every receiver has them or nobody tries any longer, and some weeks after that.

CREATE TABLE alerts (
  n           INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,  -- what receivers know it by
  at          TEXT NOT NULL,
  kind        TEXT NOT NULL,
  decision_id INTEGER,               -- decisions.id; NULL where it is about none
  body        TEXT NOT NULL,         -- the alert, as JSON
  assigned    INTEGER NOT NULL DEFAULT 0 CHECK (assigned IN (0, 1)) -- 1: it is known who receives it
) STRICT;
CREATE INDEX alerts_at ON alerts (at);
CREATE INDEX alerts_decision ON alerts (decision_id) WHERE decision_id IS NOT NULL;
CREATE INDEX alerts_unassigned ON alerts (n) WHERE assigned = 0;

CREATE TABLE deliveries (
  n            INTEGER NOT NULL REFERENCES alerts (n) ON DELETE CASCADE,
  receiver     TEXT NOT NULL,        -- its name in the configuration
  urgent       INTEGER NOT NULL CHECK (urgent IN (0, 1)),
  tries        INTEGER NOT NULL DEFAULT 0,
  tried_at     TEXT,                 -- last
  delivered_at TEXT,
  given_up_at  TEXT,
  status       INTEGER,              -- of the last answer; NULL: none came
  error        TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (n, receiver)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_waiting ON deliveries (receiver, urgent DESC, n) WHERE delivered_at IS NULL AND given_up_at IS NULL;
