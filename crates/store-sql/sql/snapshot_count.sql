SELECT COUNT(*) FROM snapshot
