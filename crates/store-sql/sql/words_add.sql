INSERT INTO words (rowid, narrative, rest) VALUES ($1, $2, $3)
