SELECT not_before, seq FROM jobs
WHERE status = 'queued' AND operation = :operation AND delayed = :delayed AND not_before <= :until
ORDER BY not_before, seq
LIMIT :limit
