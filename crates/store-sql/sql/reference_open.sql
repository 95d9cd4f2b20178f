INSERT INTO reference_now (param, kind, id, date, record, partition, began) VALUES ($1, $2, $3, $4, $5, $6, $7)
