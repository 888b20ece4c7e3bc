-- Schema 6: answers at once. Facets say which decisions of a block have a value, so that a list by any filters finds its
-- rows without reading others; tallies are what summaries add up. Both are derived from the other tables and can be made
-- again from them; they are not in the chain.

-- Blocks of consecutive ids whose facets are there. Ids in no block are looked through one by one.
CREATE TABLE blocks (
  first        INTEGER PRIMARY KEY,   -- the first id
  last         INTEGER NOT NULL,
  from_quarter INTEGER NOT NULL,      -- the quarters of an hour since 1970, UTC, between which its decisions were attempted
  to_quarter   INTEGER NOT NULL,
  built        INTEGER NOT NULL CHECK (built IN (0, 1)),  -- 0: its facets are being written
  stale        INTEGER NOT NULL CHECK (stale IN (0, 1))   -- 1: one of its decisions was changed or removed since
) STRICT;

CREATE TABLE facets (
  block INTEGER NOT NULL,             -- blocks.first
  facet INTEGER NOT NULL,             -- which property: the numbers stand in facets.go
  value BLOB NOT NULL,
  ids   BLOB NOT NULL,                -- id - block of each that has it: 16 bits each, or 32,768 bits where that is shorter
  PRIMARY KEY (block, facet, value)
) STRICT, WITHOUT ROWID;

-- A decision that is masked or removed must go from the facets, too.
CREATE TRIGGER decisions_facets_update AFTER UPDATE OF extension, holder, department, number ON decisions
BEGIN
  UPDATE blocks SET stale = 1
  WHERE first = (SELECT max(first) FROM blocks WHERE first <= OLD.id) AND last >= OLD.id AND stale = 0;
END;
CREATE TRIGGER decisions_facets_delete AFTER DELETE ON decisions
BEGIN
  UPDATE blocks SET stale = 1
  WHERE first = (SELECT max(first) FROM blocks WHERE first <= OLD.id) AND last >= OLD.id AND stale = 0;
END;

-- They found rare values only, at a cost to every decision.
DROP INDEX decisions_class;
DROP INDEX decisions_action;
DROP INDEX decisions_rule;

-- What was decided in a quarter of an hour, by one property at a time. What is removed later stays counted.
CREATE TABLE tallies (
  quarter    INTEGER NOT NULL,        -- of an hour, since 1970, UTC, when the calls were attempted
  facet      TEXT NOT NULL,           -- action, class, rule, department
  value      TEXT NOT NULL,
  allowed    INTEGER NOT NULL,
  denied     INTEGER NOT NULL,
  challenged INTEGER NOT NULL,
  answered   INTEGER NOT NULL,        -- calls that have ended and were answered
  seconds    INTEGER NOT NULL,        -- of calls that have ended, by their newest correction
  minutes    INTEGER NOT NULL,        -- the begun ones of each
  PRIMARY KEY (quarter, facet, value)
) STRICT, WITHOUT ROWID;

INSERT INTO tallies
SELECT coalesce(unixepoch(d.at), 0) / 900, f.facet,
       CASE f.facet WHEN 'action' THEN d.action WHEN 'class' THEN d.class WHEN 'rule' THEN d.rule ELSE d.department END AS v,
       sum(d.action = 'allow'), sum(d.action = 'deny'), sum(d.action = 'challenge'),
       coalesce(sum(c.ended_at IS NOT NULL AND c.answered_at IS NOT NULL), 0),
       sum(coalesce(x.seconds, c.seconds, 0)), sum((coalesce(x.seconds, c.seconds, 0) + 59) / 60)
FROM decisions d
JOIN (SELECT 'action' AS facet UNION ALL SELECT 'class' UNION ALL SELECT 'rule' UNION ALL SELECT 'department') f
LEFT JOIN calls c ON c.decision_id = d.id
LEFT JOIN corrections x ON x.id = (SELECT max(id) FROM corrections WHERE decision_id = d.id)
GROUP BY 1, 2, 3;

CREATE TRIGGER decisions_tally AFTER INSERT ON decisions
BEGIN
  INSERT INTO tallies VALUES
    (coalesce(unixepoch(NEW.at), 0) / 900, 'action', NEW.action, NEW.action = 'allow', NEW.action = 'deny', NEW.action = 'challenge', 0, 0, 0),
    (coalesce(unixepoch(NEW.at), 0) / 900, 'class', NEW.class, NEW.action = 'allow', NEW.action = 'deny', NEW.action = 'challenge', 0, 0, 0),
    (coalesce(unixepoch(NEW.at), 0) / 900, 'rule', NEW.rule, NEW.action = 'allow', NEW.action = 'deny', NEW.action = 'challenge', 0, 0, 0),
    (coalesce(unixepoch(NEW.at), 0) / 900, 'department', NEW.department, NEW.action = 'allow', NEW.action = 'deny', NEW.action = 'challenge', 0, 0, 0)
  ON CONFLICT DO UPDATE SET
    allowed = allowed + excluded.allowed, denied = denied + excluded.denied, challenged = challenged + excluded.challenged;
END;

-- The end of a call and a correction count by what they change.
CREATE TRIGGER calls_tally AFTER UPDATE OF ended_at ON calls WHEN OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
BEGIN
  UPDATE tallies SET answered = answered + (NEW.answered_at IS NOT NULL),
    seconds = seconds + u.after - u.before, minutes = minutes + (u.after + 59) / 60 - (u.before + 59) / 60
  FROM (
    SELECT d.*, coalesce(x.seconds, 0) AS before, coalesce(x.seconds, NEW.seconds, 0) AS after
    FROM decisions d
    LEFT JOIN corrections x ON x.id = (SELECT max(id) FROM corrections WHERE decision_id = NEW.decision_id)
    WHERE d.id = NEW.decision_id
  ) u
  WHERE tallies.quarter = coalesce(unixepoch(u.at), 0) / 900 AND (tallies.facet, tallies.value) IN
    (VALUES ('action', u.action), ('class', u.class), ('rule', u.rule), ('department', u.department));
END;
CREATE TRIGGER corrections_tally AFTER INSERT ON corrections
BEGIN
  UPDATE tallies SET
    seconds = seconds + u.after - u.before, minutes = minutes + (u.after + 59) / 60 - (u.before + 59) / 60
  FROM (
    SELECT d.*, coalesce(x.seconds, c.seconds, 0) AS before, coalesce(NEW.seconds, c.seconds, 0) AS after
    FROM decisions d LEFT JOIN calls c ON c.decision_id = d.id
    LEFT JOIN corrections x ON x.id = (SELECT max(id) FROM corrections WHERE decision_id = NEW.decision_id AND id < NEW.id)
    WHERE d.id = NEW.decision_id
  ) u
  WHERE tallies.quarter = coalesce(unixepoch(u.at), 0) / 900 AND (tallies.facet, tallies.value) IN
    (VALUES ('action', u.action), ('class', u.class), ('rule', u.rule), ('department', u.department));
END;
