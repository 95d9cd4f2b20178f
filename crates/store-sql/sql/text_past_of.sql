INSERT INTO text_past (partition, ended, record, began, texts) VALUES ($1, $2, $3, $4, jsonb($5))
