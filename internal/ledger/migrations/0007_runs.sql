-- Schema 7: answers at once also where little of the file is in memory. A run has the facets of many consecutive blocks
-- together, so that one look-up stands for many. Derived from facets, and not in the chain.

CREATE TABLE runs (
  id     INTEGER PRIMARY KEY,
  first  INTEGER NOT NULL,            -- the first decision's id
  last   INTEGER NOT NULL,
  blocks INTEGER NOT NULL,            -- how many, all of one length
  state  INTEGER NOT NULL CHECK (state IN (0, 1, 2))  -- 0: its facets are being written; 1: they are there; 2: to be removed
) STRICT;

-- A table with an index of its own: the sets are long, and a tree of them would be high.
CREATE TABLE run_facets (
  run   INTEGER NOT NULL,             -- runs.id
  facet INTEGER NOT NULL,             -- as facets.facet; no whole numbers and no quarters of an hour
  value BLOB NOT NULL,
  ids   BLOB NOT NULL                 -- for each block that has it: which (8 bits), the length of facets.ids (16 bits), and these
) STRICT;
CREATE UNIQUE INDEX run_facets_value ON run_facets (run, facet, value);

-- Blocks are to be built once more: facets have more of a number's prefixes now.
UPDATE blocks SET stale = 1;
