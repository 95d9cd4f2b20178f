SELECT taken_at FROM snapshot ORDER BY taken_at DESC LIMIT 1
