INSERT INTO words (words) VALUES ('delete-all')
