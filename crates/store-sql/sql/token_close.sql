DELETE FROM token_now WHERE param = $1 AND code = $2 AND system = $3 AND date = $4 AND record = $5 AND partition = $6 AND grp = $7
