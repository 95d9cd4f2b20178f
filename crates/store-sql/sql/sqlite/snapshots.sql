-- The snapshots on SQLite: states that were folded already, sealed. A row's own number is not its key, so that states append at the end of the file.
CREATE TABLE snapshot (
    partition INTEGER NOT NULL,
    stream    BLOB    NOT NULL,
    version   INTEGER NOT NULL,
    shape     BLOB    NOT NULL,
    subject   INTEGER NOT NULL,
    moment    INTEGER NOT NULL,
    leaf      BLOB    NOT NULL,
    taken_at  INTEGER NOT NULL,
    reason    INTEGER NOT NULL,
    sealed    BLOB    NOT NULL
);
CREATE UNIQUE INDEX snapshot_stream ON snapshot (stream, version, shape, partition);
CREATE INDEX snapshot_subject ON snapshot (subject, partition);
CREATE INDEX snapshot_taken ON snapshot (taken_at, partition);

-- Up to which offset of a partition the daily sweep has looked.
CREATE TABLE snapshot_sweep (
    partition INTEGER NOT NULL PRIMARY KEY,
    swept     INTEGER NOT NULL
);
