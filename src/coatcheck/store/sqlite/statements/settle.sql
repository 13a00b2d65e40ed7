UPDATE jobs SET
    status = CASE WHEN cancel_requested_at IS NULL THEN :status ELSE :status_if_cancelling END,
    version = version + 1,
    last_event = last_event + 1,
    not_before = CASE WHEN cancel_requested_at IS NULL THEN coalesce(:not_before, not_before) ELSE not_before END,
    delayed = CASE WHEN cancel_requested_at IS NULL THEN coalesce(:delayed, delayed) ELSE delayed END,
    completed_at = CASE WHEN cancel_requested_at IS NULL THEN :completed_at ELSE :now END,
    expires_at = CASE WHEN cancel_requested_at IS NULL THEN :completed_at ELSE :now END + ttl,
    failures = failures + :failures,
    crashes = crashes + :crashes,
    percent = coalesce(:percent, percent),
    error = CASE WHEN cancel_requested_at IS NULL THEN :error END,
    worker = NULL,
    lease_boot = NULL,
    lease_until = NULL,
    lease_limit = NULL
WHERE id = :id AND status = 'running' AND fence = :fence
RETURNING {job}
