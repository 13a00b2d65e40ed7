WITH moment AS MATERIALIZED (SELECT {now} AS now)
SELECT count(*), (SELECT now FROM moment) - min(completed_at) FROM (
    SELECT completed_at FROM {schema}.jobs
    WHERE status = 'completed' AND operation = %(operation)s AND completed_at > (SELECT now FROM moment) - %(within)s::double precision
    ORDER BY completed_at DESC
    LIMIT %(last)s
) AS newest
