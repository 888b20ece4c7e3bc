-- Schema 2: the countries that a call was ever let out to. The first one to a country is worth an alarm, and no index
-- of decisions could tell it without reading all that was ever recorded.

CREATE TABLE regions (
  region   TEXT PRIMARY KEY,   -- ISO 3166-1, or 001 for global networks
  first_at TEXT NOT NULL       -- when the first call was attempted
) STRICT, WITHOUT ROWID;

INSERT INTO regions (region, first_at)
SELECT json_extract(e.input, '$.callee.region') AS region, min(d.at)
FROM decisions d JOIN evaluations e ON e.decision_id = d.id
WHERE d.action = 'allow' AND coalesce(region, '') <> ''
GROUP BY region;
