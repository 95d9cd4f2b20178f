INSERT INTO history (kind, began, record, partition, version) VALUES ($1, $2, $3, $4, $5)
