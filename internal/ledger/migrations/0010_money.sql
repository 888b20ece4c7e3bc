-- Schema 10: what calls cost and who pays. Charges are what the end of a call is reckoned by; reservations and accounts hold
-- the allowances; spending adds up days. All but the cost in calls is derived: it is not in the chain.

-- Calls over a trunk, from the decision on. Days and months are the site's, those of the decision.
CREATE TABLE charges (
  decision_id INTEGER PRIMARY KEY,
  day         TEXT NOT NULL,          -- 2026-11-23
  extension   TEXT NOT NULL,
  holder      TEXT NOT NULL,          -- of the PIN, where one was entered; else of the phone
  department  TEXT NOT NULL,
  terms       TEXT,                   -- prices, as JSON; NULL: not known
  seconds     INTEGER,                -- as they count now, after corrections; NULL: the call goes on
  cost_minor  INTEGER                 -- the same; NULL: the call goes on, or its cost is not known
) STRICT;
CREATE INDEX charges_holder ON charges (holder) WHERE holder <> '';

-- What was put aside for a call in an account that pays for it, until the call has ended.
CREATE TABLE reservations (
  decision_id  INTEGER NOT NULL,
  allowance    TEXT NOT NULL,         -- a name of data/allowances.yaml
  scope        TEXT NOT NULL,
  name         TEXT NOT NULL,         -- whose it is
  month        TEXT NOT NULL,         -- 2026-11
  since        TEXT NOT NULL,         -- the first month that is carried over
  alert_at     TEXT NOT NULL,         -- percentages, like 80,100
  amount_minor INTEGER NOT NULL,      -- what was put aside
  cost_minor   INTEGER NOT NULL DEFAULT 0, -- what the call cost in the end
  settled_at   TEXT,                  -- NULL: it goes on
  PRIMARY KEY (decision_id, allowance)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservations_account ON reservations (allowance, name, month);

CREATE TABLE accounts (
  allowance      TEXT NOT NULL,
  name           TEXT NOT NULL,
  month          TEXT NOT NULL,
  scope          TEXT NOT NULL,
  amount_minor   INTEGER NOT NULL,    -- that was given for the month when it was last used
  used_minor     INTEGER NOT NULL,    -- the cost of calls that have ended
  reserved_minor INTEGER NOT NULL,    -- put aside for those that go on
  removed_minor  INTEGER NOT NULL DEFAULT 0, -- of used_minor: calls whose reservations are not kept any more
  alerted        INTEGER NOT NULL DEFAULT 0, -- the highest percentage that was told
  PRIMARY KEY (allowance, name, month)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER reservations_removed AFTER DELETE ON reservations
BEGIN
  UPDATE accounts SET removed_minor = removed_minor + OLD.cost_minor,
    reserved_minor = reserved_minor - iif(OLD.settled_at IS NULL, OLD.amount_minor, 0)
  WHERE allowance = OLD.allowance AND name = OLD.name AND month = OLD.month;
END;

-- Calls over a trunk by day, and by who called.
CREATE TABLE spending (
  day        TEXT NOT NULL,
  scope      TEXT NOT NULL,           -- extension, holder, department
  name       TEXT NOT NULL,
  calls      INTEGER NOT NULL,        -- that were let out
  answered   INTEGER NOT NULL,        -- of them, and have ended
  seconds    INTEGER NOT NULL,        -- of those, by their newest correction
  cost_minor INTEGER NOT NULL,        -- the same, as far as it is known
  PRIMARY KEY (day, scope, name)
) STRICT, WITHOUT ROWID;
