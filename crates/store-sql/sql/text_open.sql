INSERT INTO text_now (param, text, date, record, partition, grp, exact, began) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
