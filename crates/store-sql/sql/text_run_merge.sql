UPDATE text_run SET merging = 1 WHERE rows >= $1
