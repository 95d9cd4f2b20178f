SELECT position FROM log_event WHERE partition = $1 AND event_id = $2
