SELECT taken_at FROM snapshot ORDER BY taken_at LIMIT 1
