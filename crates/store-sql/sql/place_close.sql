DELETE FROM place_now WHERE param = $1 AND date = $2 AND record = $3 AND partition = $4
