SELECT position, stream, version, event_id, commit_id, subject, kind, schema_version, moment, leaf, sealed
FROM log_event WHERE partition = $1 AND stream = $2 AND version >= $3 ORDER BY version LIMIT $4
