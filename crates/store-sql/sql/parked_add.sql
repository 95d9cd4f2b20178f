INSERT INTO parked (partition, stream, version, kind, id, position, event_id, type, schema_version, moment, why, since, attempts)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (partition, stream, version) DO UPDATE SET why = excluded.why, attempts = parked.attempts + excluded.attempts
