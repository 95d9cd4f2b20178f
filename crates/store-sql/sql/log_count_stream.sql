SELECT count(*) FROM log_stream s JOIN log_event e
ON e.partition = s.partition AND e.position = s.position AND e.stream = s.stream AND e.version = s.version
WHERE s.partition = $1 AND s.stream = $2 AND s.version < $3
