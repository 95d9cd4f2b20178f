INSERT INTO record_then (kind, id, record, partition, version, began, ended, position, state, corrects, body)
SELECT kind, id, record, partition, version, began, $1, position,
    CASE WHEN state = $2 AND version >= $3 THEN $4 ELSE state END, corrects,
    CASE WHEN state = $2 AND version >= $3 THEN NULL ELSE body END
FROM record_now WHERE partition = $5 AND record = $6
