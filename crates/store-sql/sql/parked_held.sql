SELECT p.partition, p.stream, p.kind, p.id, p.version, p.moment, held.events
FROM (
    SELECT partition, stream, MIN(version) AS first, COUNT(*) AS events FROM parked GROUP BY partition, stream
) held
JOIN parked p ON p.partition = held.partition AND p.stream = held.stream AND p.version = held.first
ORDER BY p.partition, p.position
