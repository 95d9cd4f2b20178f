-- The views on SQLite. For each kind of row there is what holds now and what held then, so that today's searches never see the past.
-- Search keys: parameter, value, main date (newest first), record, partition.
CREATE TABLE view_meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

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

CREATE TABLE token_system (
    number INTEGER NOT NULL PRIMARY KEY,
    uri    TEXT    NOT NULL UNIQUE
);

CREATE TABLE token_now (
    param INTEGER NOT NULL, code TEXT NOT NULL, system INTEGER NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL,
    began INTEGER NOT NULL,
    PRIMARY KEY (param, code, system, date, record, partition)
) WITHOUT ROWID;
CREATE TABLE token_then (
    param INTEGER NOT NULL, code TEXT NOT NULL, system INTEGER NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL,
    began INTEGER NOT NULL, ended INTEGER NOT NULL,
    PRIMARY KEY (param, code, system, date, record, partition, began)
) WITHOUT ROWID;

CREATE TABLE text_now (
    param INTEGER NOT NULL, text TEXT NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL,
    began INTEGER NOT NULL,
    PRIMARY KEY (param, text, date, record, partition)
) WITHOUT ROWID;
CREATE TABLE text_then (
    param INTEGER NOT NULL, text TEXT NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL,
    began INTEGER NOT NULL, ended INTEGER NOT NULL,
    PRIMARY KEY (param, text, date, record, partition, began)
) WITHOUT ROWID;

CREATE TABLE date_now (
    param INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL,
    began INTEGER NOT NULL,
    PRIMARY KEY (param, low, high, date, record, partition)
) WITHOUT ROWID;
CREATE TABLE date_then (
    param INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL,
    began INTEGER NOT NULL, ended INTEGER NOT NULL,
    PRIMARY KEY (param, low, high, date, record, partition, began)
) WITHOUT ROWID;

CREATE TABLE reference_now (
    param INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL,
    began INTEGER NOT NULL,
    PRIMARY KEY (param, kind, id, date, record, partition)
) WITHOUT ROWID;
CREATE TABLE reference_then (
    param INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL,
    date INTEGER NOT NULL, record INTEGER NOT NULL, partition INTEGER NOT NULL,
    began INTEGER NOT NULL, ended INTEGER NOT NULL,
    PRIMARY KEY (param, kind, id, date, record, partition, began)
) WITHOUT ROWID;
