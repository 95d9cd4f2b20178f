SELECT count(*) FROM record_then WHERE partition = $1 AND record = $2 AND version < $3
