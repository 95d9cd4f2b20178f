INSERT INTO key_secret (name, wrapped) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
