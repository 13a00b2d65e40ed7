SELECT
    (
        SELECT count(*) FROM (
            SELECT 1 FROM jobs AS ahead
            WHERE ahead.status = 'queued' AND ahead.operation = jobs.operation
                AND ahead.delayed = jobs.delayed AND (ahead.not_before, ahead.seq) < (jobs.not_before, jobs.seq)
            LIMIT :counted
        )
    ),
    jobs.seq,
    (
        SELECT seq FROM jobs AS head WHERE head.status = 'queued' AND head.operation = jobs.operation AND head.delayed = jobs.delayed
        ORDER BY not_before, seq LIMIT 1
    ),
    (
        SELECT seq FROM jobs AS tail WHERE tail.status = 'queued' AND tail.operation = jobs.operation AND tail.delayed = jobs.delayed
        ORDER BY not_before DESC, seq DESC LIMIT 1
    ),
    (SELECT queued FROM depths WHERE depths.operation = jobs.operation)
FROM jobs WHERE id = :id AND status = 'queued'
