DELETE FROM text_run WHERE merging = 1
