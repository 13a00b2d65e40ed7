SELECT count(*), :now - min(completed_at) FROM (
    SELECT completed_at FROM jobs
    WHERE status = 'completed' AND operation = :operation AND completed_at > :now - :within
    ORDER BY completed_at DESC
    LIMIT :last
)
