DELETE FROM record_now WHERE partition = $1 AND record = $2
