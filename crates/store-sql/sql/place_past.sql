INSERT INTO place_then (param, date, record, partition, began, ended) VALUES ($1, $2, $3, $4, $5, $6)
