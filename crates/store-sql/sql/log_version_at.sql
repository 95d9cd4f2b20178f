SELECT version, commit_id FROM log_event WHERE partition = $1 AND position = $2
