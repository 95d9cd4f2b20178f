INSERT INTO words_then (param, date, record, partition, grp, number, began, ended) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
