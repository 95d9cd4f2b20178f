-- The log on SQLite, which has the one partition 0: `position` is the row's own number, so events append at the end of one tree.
CREATE TABLE IF NOT EXISTS log_meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS log_partition (
    partition INTEGER NOT NULL PRIMARY KEY,
    next      INTEGER NOT NULL,
    moment    INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    tree      BLOB    NOT NULL
);

CREATE TABLE IF NOT EXISTS log_event (
    position       INTEGER NOT NULL PRIMARY KEY,
    partition      INTEGER NOT NULL,
    stream         BLOB    NOT NULL,
    version        INTEGER NOT NULL,
    event_id       BLOB    NOT NULL,
    commit_id      BLOB    NOT NULL,
    subject        INTEGER NOT NULL,
    kind           TEXT    NOT NULL,
    schema_version INTEGER NOT NULL,
    moment         INTEGER NOT NULL,
    leaf           BLOB    NOT NULL,
    sealed         BLOB    NOT NULL
);
-- The partition comes last: an index that began with it would look better than the row number to a read by position.
CREATE UNIQUE INDEX IF NOT EXISTS log_event_id ON log_event (event_id, partition);

-- Where the events of a stream stand, but for the newest: `log_meta` says how many of all events are in it.
CREATE TABLE IF NOT EXISTS log_stream (
    partition INTEGER NOT NULL,
    stream    BLOB    NOT NULL,
    version   INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    PRIMARY KEY (stream, version, partition)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS log_claim (
    partition INTEGER NOT NULL,
    claim     BLOB    NOT NULL,
    commit_id BLOB    NOT NULL,
    PRIMARY KEY (partition, claim)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS log_idempotency (
    partition INTEGER NOT NULL,
    key       BLOB    NOT NULL,
    content   BLOB    NOT NULL,
    commit_id BLOB    NOT NULL,
    moment    INTEGER NOT NULL,
    first     INTEGER NOT NULL,
    events    INTEGER NOT NULL,
    before    BLOB    NOT NULL,
    outcome   BLOB    NOT NULL,
    PRIMARY KEY (partition, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS log_idempotency_moment ON log_idempotency (partition, moment);
