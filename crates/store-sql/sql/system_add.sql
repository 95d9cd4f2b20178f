INSERT INTO token_system (number, uri) SELECT COALESCE(MAX(number), 0) + 1, $1 FROM token_system RETURNING number
