INSERT INTO record_then (kind, id, record, partition, version, began, position, state, corrects, body, ended)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
