INSERT INTO log_stream (partition, stream, version, position) VALUES ($1, $2, $3, $4)
ON CONFLICT (stream, version, partition) DO NOTHING
