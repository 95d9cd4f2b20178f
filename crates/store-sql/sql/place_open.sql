INSERT INTO place_now (param, date, record, partition, began) VALUES ($1, $2, $3, $4, $5)
