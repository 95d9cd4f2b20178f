INSERT INTO words_now (param, date, record, partition, grp, number, began) VALUES ($1, $2, $3, $4, $5, $6, $7)
