INSERT INTO interned (number, text) SELECT COALESCE(MAX(number), 0) + 1, $1 FROM interned RETURNING number
