INSERT INTO token_then (param, code, system, date, record, partition, grp, began, ended) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
