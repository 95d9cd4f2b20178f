DELETE FROM text_now WHERE param = $1 AND text = $2 AND date = $3 AND record = $4 AND partition = $5 AND grp = $6 AND exact = $7
