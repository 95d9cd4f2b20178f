DELETE FROM log_idempotency WHERE partition = $1 AND moment < $2
