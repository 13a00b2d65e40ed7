UPDATE jobs SET
    status = CASE WHEN cancel_requested_at IS NULL THEN :status ELSE :status_if_cancelling END,
    version = version + 1,
    last_event = last_event + 1,
    not_before = CASE WHEN cancel_requested_at IS NULL THEN coalesce(:now + :delay, not_before) ELSE not_before END,
    delayed = CASE WHEN cancel_requested_at IS NULL THEN coalesce(:delay > 0, delayed) ELSE delayed END,
    completed_at = CASE WHEN :ends OR cancel_requested_at IS NOT NULL THEN :now END,
    expires_at = CASE WHEN :ends OR cancel_requested_at IS NOT NULL THEN :now + ttl END,
    failures = failures + :failures,
    crashes = crashes + :crashes,
    percent = coalesce(:percent, percent),
    error = CASE WHEN cancel_requested_at IS NULL THEN :error END,
    worker = NULL,
    lease_boot = NULL,
    lease_until = NULL,
    lease_limit = NULL
WHERE seq IN (
    SELECT jobs.seq FROM (SELECT value ->> 0 AS id, value ->> 1 AS fence FROM json_each(:held)) AS held
    CROSS JOIN jobs ON jobs.id = held.id AND jobs.fence = held.fence AND jobs.status = 'running'
)
RETURNING id, fence, {job}
