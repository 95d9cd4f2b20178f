INSERT INTO log_meta (name, value) VALUES ('streams', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value
