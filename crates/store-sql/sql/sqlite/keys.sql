-- The keys on SQLite: wrapped, in a file of their own that overwrites what it deletes.
CREATE TABLE IF NOT EXISTS key_secret (
    name    TEXT NOT NULL PRIMARY KEY,
    wrapped BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS key_subject (
    tag       BLOB    NOT NULL PRIMARY KEY,
    number    INTEGER NOT NULL,
    wrapped   BLOB,
    destroyed INTEGER
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS key_subject_number ON key_subject (number);
