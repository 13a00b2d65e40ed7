SELECT queued, (
    SELECT count(*) FROM (
        SELECT 1 FROM jobs WHERE status = 'queued' AND operation = :operation AND delayed = 1 LIMIT :counted
    )
)
FROM depths WHERE operation = :operation
