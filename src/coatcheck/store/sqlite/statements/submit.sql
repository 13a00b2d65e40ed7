INSERT INTO jobs (id, owner, operation, status, created_at, not_before, delayed, max_attempts, timeout, ttl, idempotency_key, traceparent)
VALUES (:id, :owner, :operation, 'queued', :now, :now + :delay, :delay > 0, :max_attempts, :timeout, :ttl, :idempotency_key, :traceparent)
