-- Counted, from the two small indexes: a row that counts would be written by every commit, one after the other.
SELECT operation, sum(queued)::bigint, sum(running)::bigint FROM (
    SELECT operation, count(*) AS queued, 0 AS running FROM {schema}.jobs WHERE status = 'queued' GROUP BY operation
    UNION ALL
    SELECT operation, 0, count(*) FROM {schema}.jobs WHERE worker IS NOT NULL GROUP BY operation
) AS counted
GROUP BY operation
