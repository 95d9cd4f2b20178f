INSERT INTO record_then (kind, id, record, partition, version, began, ended, position, state, corrects, body)
SELECT kind, id, record, partition, version, began, $1, position, state, corrects, body FROM record_now WHERE partition = $2 AND record = $3
