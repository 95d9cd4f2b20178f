INSERT INTO token_now (param, code, system, date, record, partition, began) VALUES ($1, $2, $3, $4, $5, $6, $7)
