SELECT began FROM reference_now WHERE param = $1 AND kind = $2 AND id = $3 AND date = $4 AND record = $5 AND partition = $6 AND grp = $7
