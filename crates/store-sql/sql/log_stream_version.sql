SELECT version FROM log_stream WHERE partition = $1 AND stream = $2 ORDER BY version DESC LIMIT 1
