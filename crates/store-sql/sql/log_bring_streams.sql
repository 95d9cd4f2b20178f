INSERT INTO log_stream (partition, stream, version, position)
SELECT partition, stream, version, position FROM log_event
WHERE partition = $1 AND position >= $2 AND position < $3 ORDER BY stream, version
ON CONFLICT (stream, version, partition) DO NOTHING
