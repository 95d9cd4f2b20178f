INSERT INTO log_idempotency (partition, key, content, commit_id, moment, first, events, before, outcome)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
