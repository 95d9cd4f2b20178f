SELECT version, leaf, subject, moment FROM log_event WHERE partition = $1 AND stream = $2 ORDER BY version DESC LIMIT 1
