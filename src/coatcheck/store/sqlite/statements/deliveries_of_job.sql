SELECT {delivery} FROM deliveries
WHERE job = (SELECT seq FROM jobs WHERE id = :job)
    AND (:viewer IS NULL OR owner = :viewer)
    AND (:status IS NULL OR status = :status)
    AND seq < :before
ORDER BY seq DESC
LIMIT :limit
