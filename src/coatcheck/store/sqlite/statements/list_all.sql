SELECT {job} FROM jobs
WHERE (:operation IS NULL OR operation = :operation)
    AND (:created_after IS NULL OR created_at > :created_after)
    AND (:created_before IS NULL OR created_at < :created_before)
    AND (
        :statuses IS NULL
        OR CASE WHEN status = 'running' AND cancel_requested_at IS NOT NULL THEN 'cancelling' ELSE status END
        IN (SELECT value FROM json_each(:statuses))
    )
    AND seq < :before
ORDER BY seq DESC
LIMIT :limit
