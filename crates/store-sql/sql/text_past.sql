INSERT INTO text_then (param, text, date, record, partition, began, ended) VALUES ($1, $2, $3, $4, $5, $6, $7)
