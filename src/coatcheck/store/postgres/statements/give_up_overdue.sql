-- What nobody has tried to send for as long as it is tried at all, and what is owed to an endpoint that takes nothing any more.
WITH RECURSIVE moment AS MATERIALIZED (SELECT {now} AS now, {seconds} AS seconds),
{waiting},
judged AS MATERIALIZED (
    SELECT target, CASE
        WHEN (SELECT disabled_at IS NULL FROM {schema}.endpoints WHERE id = target) OR (
            SELECT endpoint FROM {schema}.deliveries WHERE status = 'pending' AND deliveries.target = waiting.target
            ORDER BY next_at LIMIT 1
        ) IS NULL THEN now - %(overdue)s
        ELSE 'infinity'
    END AS until
    FROM waiting, moment WHERE target IS NOT NULL
),
found AS MATERIALIZED (
    SELECT chosen.seq FROM judged CROSS JOIN moment CROSS JOIN LATERAL (
        SELECT seq FROM {schema}.deliveries
        WHERE status = 'pending' AND deliveries.target = judged.target AND next_at <= until
            AND (dispatcher IS NULL OR lease_until <= seconds)
        ORDER BY deliveries.target, next_at, seq
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) AS chosen
    LIMIT %(limit)s
)
UPDATE {schema}.deliveries SET status = 'dead', next_at = NULL, dispatcher = NULL, lease_until = NULL
FROM found
WHERE deliveries.seq = found.seq
RETURNING {delivery}, endpoint IS NULL OR coalesce((SELECT disabled_at IS NULL FROM {schema}.endpoints WHERE id = endpoint), false)
