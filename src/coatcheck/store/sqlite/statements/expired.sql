SELECT seq FROM jobs
WHERE expires_at <= :now AND status IN ('completed', 'failed', 'cancelled')
ORDER BY expires_at
LIMIT :limit
