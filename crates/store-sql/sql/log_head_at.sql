SELECT version, leaf, subject, moment, commit_id FROM log_event WHERE partition = $1 AND position = $2
