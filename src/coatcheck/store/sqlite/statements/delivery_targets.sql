-- The targets that are to be sent something: how much is on its way there, how much more may be, and since when the first is due.
WITH RECURSIVE waiting (target) AS (
    SELECT min(target) FROM deliveries WHERE status = 'pending'
    UNION ALL
    SELECT (SELECT min(target) FROM deliveries WHERE status = 'pending' AND target > waiting.target)
    FROM waiting WHERE target IS NOT NULL
),
measured AS MATERIALIZED (
    SELECT
        target,
        (
            SELECT count(*) FROM deliveries
            WHERE dispatcher IS NOT NULL AND deliveries.target = waiting.target AND lease_boot = :boot_id AND lease_until > :seconds
        ) AS held,
        coalesce(
            (
                SELECT CASE WHEN open_until > :now THEN 0 WHEN open_until IS NOT NULL THEN 1 END
                FROM circuits WHERE circuits.target = waiting.target
            ),
            :per_target
        ) AS most
    FROM waiting WHERE target IS NOT NULL
)
SELECT target, held, most - held, due FROM (
    SELECT target, held, most, (
        SELECT next_at FROM deliveries
        WHERE status = 'pending' AND deliveries.target = measured.target AND next_at <= :now
            AND (dispatcher IS NULL OR lease_boot <> :boot_id OR lease_until <= :seconds)
            AND (endpoint IS NULL OR (SELECT disabled_at IS NULL FROM endpoints WHERE id = endpoint))
        ORDER BY next_at
        LIMIT 1
    ) AS due
    FROM measured WHERE held < most
)
WHERE due IS NOT NULL
