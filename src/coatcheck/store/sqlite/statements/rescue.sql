UPDATE jobs SET
    status = CASE
        WHEN cancel_requested_at IS NOT NULL THEN :status_if_cancelling
        WHEN crashes + 1 >= :crash_limit THEN :status_at_limit
        ELSE :status
    END,
    version = version + 1,
    last_event = last_event + 1,
    not_before = :now,
    delayed = 0,
    completed_at = CASE WHEN cancel_requested_at IS NOT NULL OR crashes + 1 >= :crash_limit THEN :now END,
    expires_at = CASE WHEN cancel_requested_at IS NOT NULL OR crashes + 1 >= :crash_limit THEN :now + ttl END,
    crashes = crashes + 1,
    error = CASE WHEN cancel_requested_at IS NULL AND crashes + 1 >= :crash_limit THEN :error END,
    worker = NULL,
    lease_boot = NULL,
    lease_until = NULL,
    lease_limit = NULL
WHERE seq = :job
    AND status = 'running'
    AND fence = :fence
    AND CASE WHEN :worker IS NULL THEN lease_boot <> :boot_id OR lease_until <= :seconds ELSE worker = :worker END
RETURNING {job}
