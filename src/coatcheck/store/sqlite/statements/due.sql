SELECT seq FROM jobs
WHERE status = 'queued' AND operation = :operation AND not_before <= :now
ORDER BY not_before, seq
LIMIT :limit
