INSERT INTO log_claim (partition, claim, commit_id) VALUES ($1, $2, $3)
ON CONFLICT (partition, claim) DO UPDATE SET commit_id = excluded.commit_id
