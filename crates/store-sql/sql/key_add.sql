INSERT INTO key_subject (tag, number, wrapped) VALUES ($1, $2, $3) ON CONFLICT (tag) DO NOTHING
