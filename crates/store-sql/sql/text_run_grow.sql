INSERT INTO text_run (run, rows, merging) VALUES ($1, $2, 0) ON CONFLICT (run) DO UPDATE SET rows = text_run.rows + excluded.rows
