SELECT run, rows, merging FROM text_run ORDER BY run
