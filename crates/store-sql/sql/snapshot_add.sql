INSERT INTO snapshot (partition, stream, version, shape, subject, moment, leaf, taken_at, reason, sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
