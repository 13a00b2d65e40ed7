INSERT INTO jobs (id, owner, operation, status, created_at, not_before, max_attempts, timeout, ttl, idempotency_key)
SELECT :id, :owner, :operation, 'queued', :now, :now + :delay, :max_attempts, :timeout, :ttl, :idempotency_key
WHERE coalesce((SELECT queued FROM depths WHERE operation = :operation), 0) < :queue_bound
