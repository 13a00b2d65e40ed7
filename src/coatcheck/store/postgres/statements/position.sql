-- Nothing keeps the length of the queue, so what lies beyond the jobs counted one by one is told from how close these are.
WITH mine AS MATERIALIZED (SELECT seq, operation, delayed, not_before FROM {schema}.jobs WHERE id = %(id)s AND status = 'queued'),
near AS MATERIALIZED (
    SELECT seq FROM {schema}.jobs
    WHERE status = 'queued' AND operation = (SELECT operation FROM mine)
        AND delayed = (SELECT delayed FROM mine) AND (not_before, seq) < ((SELECT not_before FROM mine), (SELECT seq FROM mine))
    ORDER BY not_before, seq
    LIMIT %(counted)s
)
SELECT (SELECT count(*) FROM near), mine.seq, (SELECT min(seq) FROM near), (SELECT max(seq) FROM near) FROM mine
