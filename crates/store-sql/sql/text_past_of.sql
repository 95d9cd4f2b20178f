INSERT INTO text_past (partition, record, ended, texts) VALUES ($1, $2, $3, jsonb($4))
