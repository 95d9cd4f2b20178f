SELECT position, stream, version, event_id, commit_id, subject, kind, schema_version, moment, leaf, sealed
FROM log_event WHERE partition = $1 AND position = $2
