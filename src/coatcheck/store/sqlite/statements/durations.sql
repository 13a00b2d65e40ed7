SELECT completed_at - started_at FROM jobs
WHERE status = 'completed' AND operation = :operation
ORDER BY completed_at DESC
LIMIT :last
