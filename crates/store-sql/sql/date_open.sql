INSERT INTO date_now (param, low, high, date, record, partition, began) VALUES ($1, $2, $3, $4, $5, $6, $7)
