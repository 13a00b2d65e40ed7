INSERT INTO jobs (id, owner, operation, status, created_at, not_before, delayed, max_attempts, timeout, ttl, idempotency_key)
SELECT :id, :owner, :operation, 'queued', :now, :now + :delay, :delay > 0, :max_attempts, :timeout, :ttl, :idempotency_key
WHERE coalesce((SELECT queued FROM depths WHERE operation = :operation), 0) < :queue_bound
