INSERT INTO place_count (param, count) VALUES ($1, $2) ON CONFLICT (param) DO UPDATE SET count = count + excluded.count
