SELECT kind, id, record, partition, version, began, NULL AS ended, position, state, corrects, body FROM record_now WHERE partition = $1 AND record = $2
