SELECT count(*) FROM log_stream WHERE partition = $1 AND stream = $2 AND version < $3
