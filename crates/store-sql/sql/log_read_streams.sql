SELECT position, stream, version FROM log_event WHERE partition = $1 AND position >= $2 AND position < $3 ORDER BY position
