-- A ledger as Dialwarden wrote it at schema 9 (sqlite3 .dump).
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('key_fingerprint',X'6e1f48aaf9718762879cb59b46b390e16a03eabef2083cf78058dfc9c47caa9c');
CREATE TABLE pins (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  hash        BLOB NOT NULL UNIQUE CHECK (length(hash) = 32), -- HMAC-SHA256 under the key file
  holder      TEXT NOT NULL,
  department  TEXT NOT NULL,
  level       INTEGER NOT NULL,
  created_at  TEXT NOT NULL,
  disabled_at TEXT
, extension TEXT NOT NULL DEFAULT '', valid_from TEXT, valid_to TEXT, classes TEXT NOT NULL DEFAULT '', changed_at TEXT) STRICT;
INSERT INTO pins VALUES(1,X'e7a0f28e1045e5933860cc572d903bff13858b0ff8f6ffb359f392beea1343e7','王芳','Finance',2,'2026-11-23T09:00:00.123Z',NULL,'',NULL,NULL,'','2026-11-23T09:00:00.123Z');
INSERT INTO pins VALUES(2,X'7af3e1e47ace61b412cd39fa0042a9fbcf09df53d71f1cd989addd533fbeae5c','李强','',0,'2026-11-23T09:00:00.123Z','2026-11-23T09:00:00.123Z','',NULL,NULL,'',NULL);
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
, seq INTEGER, numbers_seal BLOB, person_seal BLOB, evaluation_seal BLOB, token_id INTEGER, approver TEXT, matter TEXT, approver_seal BLOB) STRICT;
INSERT INTO decisions VALUES(1,'2026-11-23T09:00:01.123Z','2026-11-23T09:00:00.123Z','ari','1763888400.1',0,'8919','王芳','Finance','9013800138000',NULL,'+8613800104729','mobile','allow','local','Mobile calls are free',180,1,'3f6c1a90e2b44f0d','[{"rule":"night","head":"deny","reason":"It is night"}]',1,X'a82b55797fc001b844010b3f1053158f',X'c768b722aa16fb05a9ca69453c70be9d',X'ad515fe4f63baa56a7b2ed63ae1c23d0',NULL,NULL,NULL,NULL);
INSERT INTO decisions VALUES(2,'2026-11-23T09:00:02.123Z','2026-11-23T09:00:00.123Z','ari','1763888400.2',0,'7838','王芳','Finance','9\xff',X'39ff','+8613800209458','mobile','deny','local','Mobile calls are free',180,NULL,'3f6c1a90e2b44f0d','[{"rule":"night","head":"deny","reason":"It is night"}]',2,X'0a0badde4e625ce45e25c67d86397559',X'2b9b4f95abcfdbefc95802c0fb31bb54',X'b50db1250616564dbf941f5c24af3c61',NULL,NULL,NULL,NULL);
CREATE TABLE evaluations (
  decision_id   INTEGER PRIMARY KEY,
  evaluated_at  TEXT,               -- the time that the policy saw; NULL where it saw none
  evaluation_us INTEGER NOT NULL,
  input         TEXT NOT NULL,      -- JSON: the whole policy input
  decision      TEXT NOT NULL       -- JSON: the whole decision
) STRICT;
INSERT INTO evaluations VALUES(1,'2026-11-23T09:00:01.123Z',37,'{"time":{"at":"2026-11-23T17:00:01.123+08:00","unix":1795424401,"date":"2026-11-23","weekday":"monday","minute_of_day":1020,"timezone":"Asia/Shanghai"},"caller":{"extension":"8919","known":true,"holder":"王芳","department":"Finance","grade":"clerk","class_of_service":"national"},"callee":{"dialled":"9013800138000","digits":"013800138000","e164":"+8613800104729","class":"mobile","region":"CN","area":"","carrier_prefix":"","risk":[],"extension":"","holder":"","department":""},"line":{"kind":"phone"},"usage":{"concurrent_calls":0},"sanction":{"suspended":false},"credentials":{"pin":{"valid":false,"id":0,"holder":"","department":"","level":0},"token":{"valid":false,"id":0,"holder":"","department":"","level":0},"approval":{"valid":false,"id":0,"holder":"","department":"","level":0},"matter":{"valid":false,"id":0,"holder":"","department":"","level":0}},"attempt":{"source":"ari","channel":"1763888400.1","extension":"8919","dialled":"9013800138000","at":"2026-11-23T17:00:01.123456789+08:00","adopted":false}}','{"action":"allow","rule":"local","reasons":[{"rule":"cap","text":"Calls are cut"},{"rule":"local","text":"Mobile calls are free"}],"requires":[],"max_seconds":180,"warn_seconds":30,"ring_seconds":0,"route":{},"prompt":"","cause":0,"shadow":[{"rule":"night","head":"deny","reason":"It is night"}],"notify":null,"sanctions":null,"policy_revision":"3f6c1a90e2b44f0d"}');
INSERT INTO evaluations VALUES(2,'2026-11-23T09:00:02.123Z',37,'{"time":{"at":"2026-11-23T17:00:02.123+08:00","unix":1795424402,"date":"2026-11-23","weekday":"monday","minute_of_day":1020,"timezone":"Asia/Shanghai"},"caller":{"extension":"7838","known":true,"holder":"王芳","department":"Finance","grade":"clerk","class_of_service":"national"},"callee":{"dialled":"9013800138000","digits":"013800138000","e164":"+8613800209458","class":"mobile","region":"CN","area":"","carrier_prefix":"","risk":[],"extension":"","holder":"","department":""},"line":{"kind":"phone"},"usage":{"concurrent_calls":0},"sanction":{"suspended":false},"credentials":{"pin":{"valid":false,"id":0,"holder":"","department":"","level":0},"token":{"valid":false,"id":0,"holder":"","department":"","level":0},"approval":{"valid":false,"id":0,"holder":"","department":"","level":0},"matter":{"valid":false,"id":0,"holder":"","department":"","level":0}},"attempt":{"source":"ari","channel":"1763888400.2","extension":"7838","dialled":"9013800138000","at":"2026-11-23T17:00:02.123456789+08:00","adopted":false}}','{"action":"deny","rule":"local","reasons":[{"rule":"cap","text":"Calls are cut"},{"rule":"local","text":"Mobile calls are free"}],"requires":[],"max_seconds":180,"warn_seconds":30,"ring_seconds":0,"route":{},"prompt":"","cause":0,"shadow":[{"rule":"night","head":"deny","reason":"It is night"}],"notify":null,"sanctions":null,"policy_revision":"3f6c1a90e2b44f0d"}');
CREATE TABLE calls (
  decision_id INTEGER PRIMARY KEY REFERENCES decisions (id),
  answered_at TEXT,
  ended_at    TEXT,
  seconds     INTEGER,              -- from answer to end, each begun second counts; NULL until the end
  cost_minor  INTEGER,
  cause       INTEGER,              -- Q.850
  end_source  TEXT
, seq INTEGER, leg TEXT, max_seconds INTEGER) STRICT;
INSERT INTO calls VALUES(1,'2026-11-23T09:00:00.123Z','2026-11-23T09:01:01.123Z',61,NULL,16,'ari',3,NULL,NULL);
INSERT INTO calls VALUES(2,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO challenges VALUES('1763888400.3','2026-11-23T09:00:00.123Z','{"source":"ari","channel":"1763888400.3","extension":"6757","dialled":"9013800138000","at":"2026-11-23T17:00:03.123456789+08:00","adopted":false}',NULL,'{"time":{"at":"2026-11-23T17:00:03.123+08:00","unix":1795424403,"date":"2026-11-23","weekday":"monday","minute_of_day":1020,"timezone":"Asia/Shanghai"},"caller":{"extension":"6757","known":true,"holder":"王芳","department":"Finance","grade":"clerk","class_of_service":"national"},"callee":{"dialled":"9013800138000","digits":"013800138000","e164":"+8613800314187","class":"mobile","region":"CN","area":"","carrier_prefix":"","risk":[],"extension":"","holder":"","department":""},"line":{"kind":"phone"},"usage":{"concurrent_calls":0},"sanction":{"suspended":false},"credentials":{"pin":{"valid":false,"id":0,"holder":"","department":"","level":0},"token":{"valid":false,"id":0,"holder":"","department":"","level":0},"approval":{"valid":false,"id":0,"holder":"","department":"","level":0},"matter":{"valid":false,"id":0,"holder":"","department":"","level":0}},"attempt":{"source":"ari","channel":"1763888400.3","extension":"6757","dialled":"9013800138000","at":"2026-11-23T17:00:03.123456789+08:00","adopted":false}}','{"action":"challenge","rule":"local","reasons":[{"rule":"cap","text":"Calls are cut"},{"rule":"local","text":"Mobile calls are free"}],"requires":[],"max_seconds":180,"warn_seconds":30,"ring_seconds":0,"route":{},"prompt":"","cause":0,"shadow":[{"rule":"night","head":"deny","reason":"It is night"}],"notify":null,"sanctions":null,"policy_revision":"3f6c1a90e2b44f0d"}',37,NULL);
CREATE TABLE revisions (
  revision TEXT PRIMARY KEY,
  at       TEXT NOT NULL,
  files    BLOB NOT NULL            -- gzip of a JSON object: path to base64 of the content
) STRICT, WITHOUT ROWID;
INSERT INTO revisions VALUES('3f6c1a90e2b44f0d','2026-11-23T09:00:00.123Z',X'1f8b08000000000000ffaa562a2acd492dd6cfc94f4eccd12b4a4dcf57b2524a7677cb4a3472cb8b0a76ca4e0c772b4e3172ab8c720f2bf5c9b5344c71f72a4b0937cd764eb7b555aa05040000ffff663636433f000000');
CREATE TABLE regions (
  region   TEXT PRIMARY KEY,   -- ISO 3166-1, or 001 for global networks
  first_at TEXT NOT NULL       -- when the first call was attempted
) STRICT, WITHOUT ROWID;
INSERT INTO regions VALUES('CN','2026-11-23T09:00:01.123Z');
CREATE TABLE policy_history (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  at       TEXT NOT NULL,          -- when it came in force, or was refused, by the ledger's clock
  revision TEXT NOT NULL,          -- empty where the files could not be read
  trigger  TEXT NOT NULL,          -- start, file, SIGHUP, reload, push, rollback; unknown before schema 3
  error    TEXT NOT NULL           -- why it was refused; empty: it came in force
, seq INTEGER) STRICT;
INSERT INTO policy_history VALUES(1,'2026-11-23T09:00:00.123Z','3f6c1a90e2b44f0d','unknown','',4);
CREATE TABLE chain (
  seq    INTEGER PRIMARY KEY,                           -- 1, 2, 3 … without a gap
  prev   BLOB NOT NULL CHECK (length(prev) = 32),       -- the hash of the entry before; zeros in the first
  kind   TEXT NOT NULL,                                 -- decision, end, correction, policy
  ref    INTEGER NOT NULL,                              -- the row: its id, or the decision's for an end
  digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;
INSERT INTO chain VALUES(1,X'0000000000000000000000000000000000000000000000000000000000000000','decision',1,X'270f080a179d6c8f0177f6348319dfc47ba1c2f2b2382d54e6a55e77902b3342');
INSERT INTO chain VALUES(2,X'c4d135fbcede2e773593ee42b159402655a998a5b3eabb69ae477ccdeab5641c','decision',2,X'84f3b00a85080a652db0f0f0a0183b3ffdd478b86896d2447e77591d6dadd18d');
INSERT INTO chain VALUES(3,X'9237f1eee2a33349fe709734ec1c9c8c64a8e9f9bb9629a9e6b240373d58358e','end',1,X'08a20d84ec3767a984f47be1f05f2704c517ac32255fd301bf494da7407ef75c');
INSERT INTO chain VALUES(4,X'994382307b4ab3dd1275f83496558c880de75059676fd724976b70922b7b96b8','policy',1,X'73bdfff5e561e484e0a7181a0b429d4ded5245c61683934b14788b4a21028479');
CREATE TABLE checkpoints (
  seq       INTEGER NOT NULL,     -- of the last entry at that moment; 0 before the first
  at        TEXT NOT NULL,
  hash      BLOB NOT NULL,        -- of that entry
  key       BLOB NOT NULL,        -- the first 8 bytes of the SHA-256 of the public key
  signature BLOB NOT NULL         -- Ed25519
) STRICT;
CREATE TABLE corrections (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  at          TEXT NOT NULL,
  decision_id INTEGER NOT NULL REFERENCES decisions (id),
  who         TEXT NOT NULL,
  reason      TEXT NOT NULL,
  seconds     INTEGER,            -- what the call's seconds are now said to be; NULL: as they were
  cost_minor  INTEGER,
  seq         INTEGER NOT NULL    -- chain.seq
) STRICT;
CREATE TABLE looks (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  at     TEXT NOT NULL,
  who    TEXT NOT NULL,       -- an account
  what   TEXT NOT NULL,       -- list, show, tail, export …
  filter TEXT NOT NULL,       -- JSON
  seq    INTEGER NOT NULL     -- chain.seq
) STRICT;
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
INSERT INTO tallies VALUES(1994916,'action','allow',1,0,0,1,61,2);
INSERT INTO tallies VALUES(1994916,'action','deny',0,1,0,0,0,0);
INSERT INTO tallies VALUES(1994916,'class','mobile',1,1,0,1,61,2);
INSERT INTO tallies VALUES(1994916,'department','Finance',1,1,0,1,61,2);
INSERT INTO tallies VALUES(1994916,'rule','local',1,1,0,1,61,2);
CREATE TABLE runs (
  id     INTEGER PRIMARY KEY,
  first  INTEGER NOT NULL,            -- the first decision's id
  last   INTEGER NOT NULL,
  blocks INTEGER NOT NULL,            -- how many, all of one length
  state  INTEGER NOT NULL CHECK (state IN (0, 1, 2))  -- 0: its facets are being written; 1: they are there; 2: to be removed
) STRICT;
CREATE TABLE run_facets (
  run   INTEGER NOT NULL,             -- runs.id
  facet INTEGER NOT NULL,             -- as facets.facet; no whole numbers and no quarters of an hour
  value BLOB NOT NULL,
  ids   BLOB NOT NULL                 -- for each block that has it: which (8 bits), the length of facets.ids (16 bits), and these
) STRICT;
CREATE TABLE IF NOT EXISTS "erasures" (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      TEXT NOT NULL,
  who     TEXT NOT NULL,      -- an account, or retention
  what    TEXT NOT NULL CHECK (what IN ('numbers', 'person', 'approver', 'row', 'correction')),
  reason  TEXT NOT NULL,
  ids     TEXT NOT NULL,      -- of the decisions, like 1-500 503; with what = correction, of corrections
  content BLOB NOT NULL,      -- SHA-256 over what was left of them
  seq     INTEGER NOT NULL    -- chain.seq
) STRICT;
CREATE TABLE retired_pins (
  hash   BLOB PRIMARY KEY CHECK (length(hash) = 32),
  pin_id INTEGER NOT NULL,    -- pins.id
  at     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO retired_pins VALUES(X'6985b27e2946b80ddff61d99967874301b1168825630b2d433c876ff11d87193',1,'2026-11-23T09:00:00.123Z');
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
INSERT INTO tokens VALUES(1,X'423e5d5180fe89ba722e7419255e6715ed5eaa61223d38920a5e67e58d596468','Zhang Min','','','+8621','',3,0,'2026-11-23T09:00:00.123Z','2026-11-24T09:00:00.123Z',0,'the tax office',NULL,NULL);
CREATE TABLE token_uses (
  decision_id INTEGER PRIMARY KEY REFERENCES decisions (id),
  token_id    INTEGER NOT NULL REFERENCES tokens (id),
  returns     INTEGER NOT NULL CHECK (returns IN (0, 1)),     -- 1: it comes back if nobody answers
  returned_at TEXT
) STRICT;
CREATE TABLE pin_tries (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  at        TEXT NOT NULL,
  extension TEXT NOT NULL
) STRICT;
INSERT INTO pin_tries VALUES(1,'2026-11-23T09:00:00.123Z','8919');
CREATE TABLE unlocks (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  at        TEXT NOT NULL,
  who       TEXT NOT NULL,
  extension TEXT NOT NULL,    -- empty: all
  tries     INTEGER NOT NULL  -- so many were forgotten
) STRICT;
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
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('pins',2);
INSERT INTO sqlite_sequence VALUES('decisions',2);
INSERT INTO sqlite_sequence VALUES('policy_history',1);
INSERT INTO sqlite_sequence VALUES('erasures',0);
INSERT INTO sqlite_sequence VALUES('tokens',1);
INSERT INTO sqlite_sequence VALUES('pin_tries',1);
CREATE INDEX decisions_at        ON decisions (at);
CREATE INDEX decisions_extension ON decisions (extension);
CREATE INDEX decisions_number    ON decisions (number);
CREATE TRIGGER decisions_no_replace BEFORE INSERT ON decisions
WHEN NEW.id <= (SELECT max(id) FROM decisions) AND NEW.id <> -1 -- -1: the id is still to be given
BEGIN SELECT RAISE(FAIL, 'decisions are immutable'); END
;
CREATE TRIGGER evaluations_no_update BEFORE UPDATE ON evaluations
BEGIN SELECT RAISE(ABORT, 'evaluations are immutable'); END;
CREATE TRIGGER evaluations_no_replace BEFORE INSERT ON evaluations
WHEN NEW.decision_id <= (SELECT max(decision_id) FROM evaluations)
BEGIN SELECT RAISE(FAIL, 'evaluations are immutable'); END;
CREATE INDEX calls_open ON calls (decision_id) WHERE ended_at IS NULL;
CREATE TRIGGER policy_history_no_delete BEFORE DELETE ON policy_history
BEGIN SELECT RAISE(ABORT, 'the history of the policy is immutable'); END;
CREATE INDEX decisions_revision ON decisions (policy_revision, recorded_at);
CREATE TRIGGER chain_no_update BEFORE UPDATE ON chain
BEGIN SELECT RAISE(ABORT, 'the chain is immutable'); END;
CREATE TRIGGER chain_no_delete BEFORE DELETE ON chain
BEGIN SELECT RAISE(ABORT, 'the chain is immutable'); END;
CREATE INDEX checkpoints_seq ON checkpoints (seq);
CREATE INDEX corrections_decision ON corrections (decision_id, id);
CREATE TRIGGER corrections_no_update BEFORE UPDATE ON corrections
BEGIN SELECT RAISE(ABORT, 'corrections are immutable'); END;
CREATE VIEW call_log AS
SELECT c.decision_id, c.answered_at, c.ended_at, coalesce(x.seconds, c.seconds) AS seconds,
       coalesce(x.cost_minor, c.cost_minor) AS cost_minor, c.cause,
       CASE WHEN x.id IS NULL THEN c.end_source ELSE 'correction' END AS end_source
FROM calls c LEFT JOIN corrections x
  ON x.id = (SELECT max(id) FROM corrections WHERE decision_id = c.decision_id);
CREATE TRIGGER policy_history_no_update BEFORE UPDATE ON policy_history
BEGIN SELECT RAISE(ABORT, 'the history of the policy is immutable'); END;
CREATE TRIGGER calls_ended_no_update BEFORE UPDATE ON calls WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a call that has ended is immutable'); END;
CREATE TRIGGER looks_no_update BEFORE UPDATE ON looks
BEGIN SELECT RAISE(ABORT, 'looks are immutable'); END;
CREATE TRIGGER looks_no_delete BEFORE DELETE ON looks
BEGIN SELECT RAISE(ABORT, 'looks are immutable'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'erasing')
BEGIN SELECT RAISE(ABORT, 'decisions are immutable'); END;
CREATE TRIGGER evaluations_no_delete BEFORE DELETE ON evaluations WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'erasing')
BEGIN SELECT RAISE(ABORT, 'evaluations are immutable'); END;
CREATE TRIGGER corrections_no_delete BEFORE DELETE ON corrections WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'erasing')
BEGIN SELECT RAISE(ABORT, 'corrections are immutable'); END;
CREATE INDEX decisions_whole ON decisions (at) WHERE length(numbers_seal) = 16;
CREATE INDEX decisions_holder ON decisions (holder);
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
CREATE UNIQUE INDEX run_facets_value ON run_facets (run, facet, value);
CREATE INDEX decisions_approver ON decisions (approver) WHERE approver IS NOT NULL;
CREATE INDEX decisions_pin ON decisions (pin_id) WHERE pin_id IS NOT NULL;
CREATE INDEX decisions_token ON decisions (token_id) WHERE token_id IS NOT NULL;
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
CREATE TRIGGER erasures_no_update BEFORE UPDATE ON erasures
BEGIN SELECT RAISE(ABORT, 'erasures are immutable'); END;
CREATE TRIGGER erasures_no_delete BEFORE DELETE ON erasures
BEGIN SELECT RAISE(ABORT, 'erasures are immutable'); END;
CREATE INDEX pins_holder ON pins (holder);
CREATE INDEX tokens_approver ON tokens (approver);
CREATE INDEX pin_tries_at ON pin_tries (at);
CREATE VIEW decision_log AS
SELECT id, at, source, extension, holder, department, dialled, number, class, action, rule, reason, max_seconds,
       pin_id, token_id, approver, policy_revision, shadow, matter
FROM decisions;
CREATE INDEX interventions_decision ON interventions (decision_id, id);
CREATE TRIGGER interventions_no_update BEFORE UPDATE ON interventions
BEGIN SELECT RAISE(ABORT, 'interventions are immutable'); END;
CREATE TRIGGER interventions_no_delete BEFORE DELETE ON interventions
BEGIN SELECT RAISE(ABORT, 'interventions are immutable'); END;
COMMIT;
PRAGMA application_id = 1146571847; PRAGMA user_version = 9;
