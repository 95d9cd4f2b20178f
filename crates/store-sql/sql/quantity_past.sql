INSERT INTO quantity_then (param, low, high, unit, system, date, record, partition, grp, began, ended) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
