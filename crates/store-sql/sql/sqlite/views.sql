-- The views on SQLite. For each kind of row there is what holds now and what held then, so that today's searches never see the past.
-- Search keys: parameter, value, main date (newest first), record, partition, and the group where values of one element stand together.
-- By record there is a second way, in the order records are written, so that whoever has a record finds its values; codes are looked up whole.
CREATE TABLE view_meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- Events that could not be applied, and those of their streams that wait behind them: rows of a stream follow each other by version.
CREATE TABLE parked (
    partition      INTEGER NOT NULL,
    stream         BLOB    NOT NULL,
    version        INTEGER NOT NULL,
    kind           INTEGER,
    id             BLOB,
    position       INTEGER NOT NULL,
    event_id       BLOB    NOT NULL,
    type           TEXT    NOT NULL,
    schema_version INTEGER NOT NULL,
    moment         INTEGER NOT NULL,
    why            TEXT    NOT NULL,
    since          INTEGER NOT NULL,
    attempts       INTEGER NOT NULL,
    PRIMARY KEY (partition, stream, version)
) WITHOUT ROWID;
CREATE UNIQUE INDEX parked_position ON parked (partition, position);

CREATE TABLE record_now (
    kind      INTEGER NOT NULL,
    id        BLOB    NOT NULL,
    record    INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    began     INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    state     INTEGER NOT NULL,
    corrects  INTEGER,
    body      BLOB,
    PRIMARY KEY (partition, record)
) WITHOUT ROWID;
CREATE UNIQUE INDEX record_now_id ON record_now (kind, id, partition);

CREATE TABLE record_then (
    kind      INTEGER NOT NULL,
    id        BLOB    NOT NULL,
    record    INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    began     INTEGER NOT NULL,
    ended     INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    state     INTEGER NOT NULL,
    corrects  INTEGER,
    body      BLOB,
    PRIMARY KEY (partition, record, version)
) WITHOUT ROWID;

-- Where every version stands among those of its type; a row is never touched again, so writing is appending by type.
CREATE TABLE history (
    kind      INTEGER NOT NULL,
    began     INTEGER NOT NULL,
    record    INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    PRIMARY KEY (kind, began, record, partition)
) WITHOUT ROWID;

-- What stands in many rows, kept once and by number: the systems of codes, and units and their systems.
CREATE TABLE interned (
    number INTEGER NOT NULL PRIMARY KEY,
    text   TEXT    NOT NULL UNIQUE
);

-- The units that amounts have or had, each with its system.
CREATE TABLE unit (
    system TEXT NOT NULL,
    unit   TEXT NOT NULL,
    PRIMARY KEY (system, unit)
) WITHOUT ROWID;

-- How many records there are of a type, by the parameter under which all of them are found.
CREATE TABLE place_count (
    param INTEGER NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL
);

-- Of each type all records, and where each stands in the order of searches.
CREATE TABLE place_now (
    param INTEGER NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL,
    began INTEGER NOT NULL,
    PRIMARY KEY (param, date, record, partition)
) WITHOUT ROWID;
CREATE INDEX place_now_record ON place_now (record, partition, param);
CREATE TABLE place_then (
    param INTEGER NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL,
    began INTEGER NOT NULL, ended INTEGER NOT NULL,
    PRIMARY KEY (param, date, record, partition, began)
) WITHOUT ROWID;
CREATE INDEX place_then_record ON place_then (record, partition, param);

CREATE TABLE token_now (
    param INTEGER NOT NULL, code TEXT NOT NULL, system INTEGER NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL, grp INTEGER NOT NULL,
    began INTEGER NOT NULL,
    PRIMARY KEY (param, code, system, date, record, partition, grp)
) WITHOUT ROWID;
CREATE TABLE token_then (
    param INTEGER NOT NULL, code TEXT NOT NULL, system INTEGER NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL, grp INTEGER NOT NULL,
    began INTEGER NOT NULL, ended INTEGER NOT NULL,
    PRIMARY KEY (param, code, system, date, record, partition, grp, began)
) WITHOUT ROWID;

CREATE TABLE text_now (
    param INTEGER NOT NULL, text TEXT NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL, grp INTEGER NOT NULL, exact TEXT NOT NULL,
    began INTEGER NOT NULL,
    PRIMARY KEY (param, text, date, record, partition, grp, exact)
) WITHOUT ROWID;
CREATE INDEX text_now_record ON text_now (record, partition, param);
CREATE TABLE text_then (
    param INTEGER NOT NULL, text TEXT NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL, grp INTEGER NOT NULL, exact TEXT NOT NULL,
    began INTEGER NOT NULL, ended INTEGER NOT NULL,
    PRIMARY KEY (param, text, date, record, partition, grp, exact, began)
) WITHOUT ROWID;
-- Texts that ended lately, before they are merged into those that held: rows of runs that text_run lists.
CREATE TABLE text_late (
    run INTEGER NOT NULL,
    param INTEGER NOT NULL, text TEXT NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL, grp INTEGER NOT NULL, exact TEXT NOT NULL,
    began INTEGER NOT NULL, ended INTEGER NOT NULL,
    PRIMARY KEY (run, param, text, date, record, partition, grp, exact, began)
) WITHOUT ROWID;
-- The runs there are, with how many rows each was given; those that are merged are given no more.
CREATE TABLE text_run (
    run INTEGER NOT NULL PRIMARY KEY,
    rows INTEGER NOT NULL,
    merging INTEGER NOT NULL
);
-- All that held, for whoever has the record: those of one that ended together stand in one row, an array of parameter, text, group and exact for each,
-- and behind it the moment it began, where that is not when the last of them did.
-- They ended with a version of their record, so they are found from there, and the rows are in the order of time: writing is appending.
CREATE TABLE text_past (
    partition INTEGER NOT NULL, ended INTEGER NOT NULL, record INTEGER NOT NULL,
    began INTEGER NOT NULL,
    texts BLOB NOT NULL,
    PRIMARY KEY (partition, ended, record)
) WITHOUT ROWID;
CREATE VIEW text_then_of AS
SELECT v.partition AS partition, v.record AS record, v.ended AS ended,
    t.value ->> 0 AS param, t.value ->> 1 AS text, t.value ->> 2 AS grp, t.value ->> 3 AS exact,
    COALESCE(t.value ->> 4, p.began) AS began
FROM record_then v
CROSS JOIN text_past p ON p.partition = v.partition AND p.ended = v.ended AND p.record = v.record
CROSS JOIN json_each(p.texts) t;

CREATE TABLE date_now (
    param INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL, grp INTEGER NOT NULL,
    began INTEGER NOT NULL,
    PRIMARY KEY (param, low, high, date, record, partition, grp)
) WITHOUT ROWID;
CREATE INDEX date_now_record ON date_now (record, partition, param);
CREATE TABLE date_then (
    param INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL, grp INTEGER NOT NULL,
    began INTEGER NOT NULL, ended INTEGER NOT NULL,
    PRIMARY KEY (param, low, high, date, record, partition, grp, began)
) WITHOUT ROWID;
CREATE INDEX date_then_record ON date_then (record, partition, param);
-- Most dates say where their record stands: they begin with its main date and end within a day. The others are found here, so that a bound on dates can be one on places.
CREATE INDEX date_now_long ON date_now (param, high) WHERE high - low >= 86400000000;
CREATE INDEX date_then_long ON date_then (param, high) WHERE high - low >= 86400000000;
CREATE INDEX date_now_aside ON date_now (param, high) WHERE low <> -date AND high - low < 86400000000;
CREATE INDEX date_then_aside ON date_then (param, high) WHERE low <> -date AND high - low < 86400000000;

CREATE TABLE quantity_now (
    param INTEGER NOT NULL, low REAL NOT NULL, high REAL NOT NULL, unit INTEGER NOT NULL, system INTEGER NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL, grp INTEGER NOT NULL,
    began INTEGER NOT NULL,
    PRIMARY KEY (param, low, high, unit, system, date, record, partition, grp)
) WITHOUT ROWID;
CREATE INDEX quantity_now_record ON quantity_now (record, partition, param);
CREATE TABLE quantity_then (
    param INTEGER NOT NULL, low REAL NOT NULL, high REAL NOT NULL, unit INTEGER NOT NULL, system INTEGER NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL, grp INTEGER NOT NULL,
    began INTEGER NOT NULL, ended INTEGER NOT NULL,
    PRIMARY KEY (param, low, high, unit, system, date, record, partition, grp, began)
) WITHOUT ROWID;
CREATE INDEX quantity_then_record ON quantity_then (record, partition, param);
-- Most amounts are one number; those that are not are found by their upper end too.
CREATE INDEX quantity_now_span ON quantity_now (param, high) WHERE low < high;
CREATE INDEX quantity_then_span ON quantity_then (param, high) WHERE low < high;

CREATE TABLE reference_now (
    param INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL, grp INTEGER NOT NULL,
    began INTEGER NOT NULL,
    PRIMARY KEY (param, kind, id, date, record, partition, grp)
) WITHOUT ROWID;
-- Rows of events (`Param::HAPPENED`) are asked for alone, and each event has one: nobody comes to them from a record.
CREATE INDEX reference_now_record ON reference_now (record, partition, param) WHERE param <> 3;
CREATE TABLE reference_then (
    param INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL, grp INTEGER NOT NULL,
    began INTEGER NOT NULL, ended INTEGER NOT NULL,
    PRIMARY KEY (param, kind, id, date, record, partition, grp, began)
) WITHOUT ROWID;
CREATE INDEX reference_then_record ON reference_then (record, partition, param);

-- What records say: of every version whose words differ from those before, the words under a number that rises as versions came.
-- The index keeps no text; it knows words and where they stand, and nothing of times: a version that ends moves from one table to the other.
CREATE VIRTUAL TABLE words USING fts5 (
    narrative, rest,
    content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE words_instance USING fts5vocab (words, instance);
CREATE TABLE words_now (
    number INTEGER NOT NULL PRIMARY KEY,
    param INTEGER NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL, grp INTEGER NOT NULL,
    began INTEGER NOT NULL
);
CREATE INDEX words_now_record ON words_now (record, partition, param);
CREATE TABLE words_then (
    number INTEGER NOT NULL PRIMARY KEY,
    param INTEGER NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL, grp INTEGER NOT NULL,
    began INTEGER NOT NULL, ended INTEGER NOT NULL
);
CREATE INDEX words_then_record ON words_then (record, partition, param);
