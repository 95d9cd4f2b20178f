INSERT INTO unit (system, unit) VALUES ($1, $2)
