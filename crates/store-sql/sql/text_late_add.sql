INSERT INTO text_late (run, param, text, date, record, partition, grp, exact, began, ended) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
