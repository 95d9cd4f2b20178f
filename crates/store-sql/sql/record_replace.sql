UPDATE record_now SET version = $1, began = $2, position = $3, state = $4, corrects = $5, body = $6
WHERE partition = $7 AND record = $8
