SELECT kind, id, record, partition, version, began, NULL AS ended, position, state, corrects, body FROM record_now WHERE kind = $1 AND id = $2
