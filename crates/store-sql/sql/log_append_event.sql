INSERT INTO log_event
    (position, partition, stream, version, event_id, commit_id, subject, kind, schema_version, moment, leaf, sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
