INSERT INTO text_now (param, text, date, record, partition, began) VALUES ($1, $2, $3, $4, $5, $6)
