SELECT commit_id FROM log_claim WHERE partition = $1 AND claim = $2
