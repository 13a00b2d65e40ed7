UPDATE jobs SET
    status = :status,
    version = version + 1,
    last_event = last_event + 1,
    started_at = :now,
    cancel_requested_at = NULL,
    attempt = attempt + 1,
    fence = fence + 1,
    worker = :worker,
    lease_boot = :boot_id,
    lease_until = :seconds + :lease,
    lease_limit = :seconds + timeout + :grace + :lease,
    percent = NULL,
    message = NULL,
    current = NULL,
    total = NULL,
    unit = NULL
WHERE seq IN (SELECT value FROM json_each(:due)) AND status = 'queued'
RETURNING {job},
    (SELECT body FROM arguments WHERE job = jobs.seq),
    (SELECT body FROM checkpoints WHERE job = jobs.seq)
