-- Many jobs at once. Nothing keeps the length of the queue, so what lies beyond the jobs counted one by one is told from how close
-- these are.
WITH mine AS MATERIALIZED (
    SELECT id, seq, operation, delayed, not_before FROM {schema}.jobs WHERE id = ANY (%(id)s) AND status = 'queued'
)
SELECT mine.id, mine.seq, near.ahead, near.first, near.last
FROM mine CROSS JOIN LATERAL (
    SELECT count(*) AS ahead, min(seq) AS first, max(seq) AS last FROM (
        SELECT seq FROM {schema}.jobs
        WHERE status = 'queued' AND operation = mine.operation
            AND delayed = mine.delayed AND (not_before, seq) < (mine.not_before, mine.seq)
        ORDER BY not_before, seq
        LIMIT %(counted)s
    ) AS counted
) AS near
