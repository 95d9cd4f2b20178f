SELECT began FROM quantity_now WHERE param = $1 AND low = $2 AND high = $3 AND unit = $4 AND system = $5 AND date = $6 AND record = $7 AND partition = $8 AND grp = $9
