SELECT version, shape, moment, taken_at, reason FROM snapshot WHERE partition = $1 AND stream = $2 ORDER BY version DESC, taken_at DESC
