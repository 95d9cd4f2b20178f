INSERT INTO token_now (param, code, system, date, record, partition, grp, began) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
