SELECT partition, stream, version, kind, id, position, event_id, type, schema_version, moment, why, since, attempts
FROM parked WHERE partition = $1 AND position >= $2 ORDER BY position LIMIT $3
