SELECT seq FROM jobs
WHERE expires_at <= :now AND status IN ('completed', 'failed', 'cancelled')
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.job = jobs.seq AND deliveries.status = 'pending')
ORDER BY expires_at
LIMIT :limit
