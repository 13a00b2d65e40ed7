SELECT {delivery} FROM deliveries
WHERE owner = :viewer AND (:status IS NULL OR status = :status) AND seq < :before
ORDER BY seq DESC
LIMIT :limit
