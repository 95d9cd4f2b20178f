SELECT version, subject, moment, leaf, taken_at, reason, sealed FROM snapshot
WHERE partition = $1 AND stream = $2 AND shape = $3 AND version <= $4 AND moment <= $5 ORDER BY version DESC LIMIT 1
