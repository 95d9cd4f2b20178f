SELECT e.position, e.stream, e.version, e.event_id, e.commit_id, e.subject, e.kind, e.schema_version, e.moment, e.leaf, e.sealed,
s.version
FROM log_stream s JOIN log_event e ON e.partition = s.partition AND e.position = s.position
WHERE s.partition = $1 AND s.stream = $2 AND s.version >= $3 AND s.version < $4 ORDER BY s.version LIMIT $5
