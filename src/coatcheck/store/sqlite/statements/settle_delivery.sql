UPDATE deliveries SET
    status = :status,
    url = :url,
    next_at = CASE WHEN :status = 'pending' THEN :now + :delay END,
    attempts = attempts + 1,
    dispatcher = NULL,
    lease_boot = NULL,
    lease_until = NULL
WHERE id = :id AND status = 'pending' AND fence = :fence AND dispatcher = :dispatcher
RETURNING seq, target, endpoint
