SELECT began FROM date_now WHERE param = $1 AND low = $2 AND high = $3 AND date = $4 AND record = $5 AND partition = $6 AND grp = $7
