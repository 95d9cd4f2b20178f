INSERT INTO snapshot_sweep (partition, swept) VALUES ($1, $2) ON CONFLICT (partition) DO UPDATE SET swept = excluded.swept
