-- Of PostgreSQL only: whether a claim would find something, asked without the lock that claims are made under.
WITH RECURSIVE moment AS MATERIALIZED (SELECT {now} AS now, {seconds} AS seconds),
{waiting}
SELECT 1
FROM waiting CROSS JOIN moment
    LEFT JOIN LATERAL (SELECT open_until FROM {schema}.circuits WHERE circuits.target = waiting.target LIMIT 1) AS circuit ON true
    CROSS JOIN LATERAL (
        SELECT 1 FROM {schema}.deliveries
        WHERE status = 'pending' AND deliveries.target = waiting.target AND next_at <= now
            AND (dispatcher IS NULL OR lease_until <= seconds)
            AND (endpoint IS NULL OR (SELECT disabled_at IS NULL FROM {schema}.endpoints WHERE endpoints.id = endpoint))
        ORDER BY deliveries.target, next_at, seq
        LIMIT 1
    ) AS due
    CROSS JOIN LATERAL (
        SELECT count(*) AS held FROM {schema}.deliveries
        WHERE dispatcher IS NOT NULL AND deliveries.target = waiting.target AND lease_until > seconds
    ) AS under_way
WHERE held < CASE WHEN open_until IS NULL THEN %(per_target)s WHEN open_until > now THEN 0 ELSE 1 END
LIMIT 1
