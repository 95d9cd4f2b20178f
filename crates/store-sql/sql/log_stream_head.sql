SELECT s.version, e.leaf, e.subject, e.moment, e.commit_id
FROM log_stream s JOIN log_event e ON e.partition = s.partition AND e.position = s.position
WHERE s.partition = $1 AND s.stream = $2 ORDER BY s.version DESC LIMIT 1
