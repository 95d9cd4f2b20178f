SELECT version, leaf, subject, moment FROM log_event WHERE partition = $1 AND position = $2
