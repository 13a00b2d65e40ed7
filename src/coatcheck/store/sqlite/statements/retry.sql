UPDATE jobs SET
    status = :status,
    version = version + 1,
    last_event = last_event + 1,
    not_before = :now,
    delayed = 0,
    completed_at = NULL,
    expires_at = NULL,
    cancel_requested_at = NULL,
    failures = 0,
    crashes = 0,
    percent = NULL,
    message = NULL,
    current = NULL,
    total = NULL,
    unit = NULL,
    error = NULL
WHERE id = :id AND status = :before
RETURNING {job}
