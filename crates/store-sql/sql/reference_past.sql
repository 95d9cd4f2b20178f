INSERT INTO reference_then (param, kind, id, date, record, partition, grp, began, ended) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
