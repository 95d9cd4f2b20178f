SELECT content, commit_id, moment, first, events, before, outcome FROM log_idempotency WHERE partition = $1 AND key = $2
