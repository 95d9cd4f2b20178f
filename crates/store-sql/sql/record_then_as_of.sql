SELECT kind, id, record, partition, version, began, ended, position, state, corrects, body FROM record_then
WHERE partition = $1 AND record = $2 AND began <= $3 ORDER BY version DESC LIMIT 1
