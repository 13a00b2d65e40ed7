UPDATE jobs SET
    status = :status,
    version = version + 1,
    last_event = last_event + 1,
    cancel_requested_at = :now,
    completed_at = :completed_at,
    expires_at = :completed_at + ttl
WHERE id = :id AND status = :before
RETURNING {job}
