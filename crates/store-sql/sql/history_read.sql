SELECT began, record, partition, version FROM history
WHERE kind = $1 AND began >= $2 AND (began, record, partition) < ($3, $4, $5) ORDER BY began DESC, record DESC, partition DESC LIMIT $6
