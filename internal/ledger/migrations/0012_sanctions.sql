-- Schema 12: what breaking a rule has cost: suspensions and fines, that people lifted them, and what a call's cost made of them.

CREATE TABLE sanctions (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  at            TEXT NOT NULL,     -- when it was imposed
  decision_id   INTEGER NOT NULL,  -- decisions.id, which retention may have taken away
  rule          TEXT NOT NULL,
  reason        TEXT NOT NULL,     -- the rule's text, numbers masked
  extension     TEXT NOT NULL,     -- that called; it is what is suspended, unless pin_id is
  pin_id        INTEGER,           -- pins.id; NULL where it is not about a PIN
  until         TEXT,              -- suspended until then; NULL: a fine only
  fine_minor    INTEGER NOT NULL CHECK (fine_minor >= 0),
  cost_multiple INTEGER NOT NULL CHECK (cost_multiple >= 0),
  extends       INTEGER,           -- sanctions.id of the suspension that was running and goes on; NULL: it is a new one
  seq           INTEGER NOT NULL   -- chain.seq
) STRICT;
CREATE INDEX sanctions_decision ON sanctions (decision_id);
CREATE INDEX sanctions_until ON sanctions (until) WHERE until IS NOT NULL;
CREATE INDEX sanctions_extends ON sanctions (extends) WHERE extends IS NOT NULL;

CREATE TABLE sanction_lifts (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  at          TEXT NOT NULL,
  sanction_id INTEGER NOT NULL REFERENCES sanctions (id),
  who         TEXT NOT NULL,       -- an account
  reason      TEXT NOT NULL,
  waived      INTEGER NOT NULL CHECK (waived IN (0, 1)), -- 1: the fine, too
  seq         INTEGER NOT NULL
) STRICT;
CREATE INDEX sanction_lifts_sanction ON sanction_lifts (sanction_id);

-- The part of a fine that depends on the call's cost; the newest of a sanction counts.
CREATE TABLE sanction_costs (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  at          TEXT NOT NULL,
  sanction_id INTEGER NOT NULL REFERENCES sanctions (id),
  cost_minor  INTEGER NOT NULL,    -- of the call
  fine_minor  INTEGER NOT NULL,    -- cost_minor times cost_multiple
  seq         INTEGER NOT NULL
) STRICT;
CREATE INDEX sanction_costs_sanction ON sanction_costs (sanction_id);

CREATE TRIGGER sanctions_no_update BEFORE UPDATE ON sanctions BEGIN SELECT RAISE(ABORT, 'sanctions are immutable'); END;
CREATE TRIGGER sanctions_no_delete BEFORE DELETE ON sanctions BEGIN SELECT RAISE(ABORT, 'sanctions are immutable'); END;
CREATE TRIGGER sanction_lifts_no_update BEFORE UPDATE ON sanction_lifts BEGIN SELECT RAISE(ABORT, 'lifts are immutable'); END;
CREATE TRIGGER sanction_lifts_no_delete BEFORE DELETE ON sanction_lifts BEGIN SELECT RAISE(ABORT, 'lifts are immutable'); END;
CREATE TRIGGER sanction_costs_no_update BEFORE UPDATE ON sanction_costs BEGIN SELECT RAISE(ABORT, 'costs of sanctions are immutable'); END;
CREATE TRIGGER sanction_costs_no_delete BEFORE DELETE ON sanction_costs BEGIN SELECT RAISE(ABORT, 'costs of sanctions are immutable'); END;

CREATE VIEW sanction_log AS
SELECT s.id, s.at, s.decision_id, s.rule, s.reason, s.extension, coalesce(d.holder, '') AS holder, s.pin_id, s.until,
       s.extends, s.fine_minor, s.cost_multiple,
       coalesce((SELECT c.fine_minor FROM sanction_costs c WHERE c.sanction_id = s.id ORDER BY c.id DESC LIMIT 1), 0) AS cost_fine_minor,
       l.at AS lifted_at, coalesce(l.who, '') AS lifted_by, coalesce(l.reason, '') AS lift_reason,
       EXISTS (SELECT 1 FROM sanction_lifts w WHERE w.sanction_id = s.id AND w.waived = 1) AS waived
FROM sanctions s LEFT JOIN decisions d ON d.id = s.decision_id
LEFT JOIN sanction_lifts l ON l.id = (SELECT max(x.id) FROM sanction_lifts x WHERE x.sanction_id = s.id);
