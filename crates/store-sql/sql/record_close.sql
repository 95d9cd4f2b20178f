INSERT INTO record_then (kind, id, record, partition, version, began, ended, position, state, corrects, body)
SELECT kind, id, record, partition, version, began, $3, position, state, corrects, body FROM record_now WHERE partition = $1 AND record = $2
