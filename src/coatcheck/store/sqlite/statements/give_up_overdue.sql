-- What nobody has tried to send for as long as it is tried at all, and what is owed to an endpoint that takes nothing any more.
WITH RECURSIVE waiting (target) AS (
    SELECT min(target) FROM deliveries WHERE status = 'pending'
    UNION ALL
    SELECT (SELECT min(target) FROM deliveries WHERE status = 'pending' AND target > waiting.target)
    FROM waiting WHERE target IS NOT NULL
),
judged AS MATERIALIZED (
    SELECT target, CASE
        WHEN (SELECT disabled_at IS NULL FROM endpoints WHERE id = target) THEN :overdue
        WHEN (SELECT endpoint FROM deliveries WHERE status = 'pending' AND deliveries.target = waiting.target LIMIT 1) IS NULL THEN :overdue
        ELSE 9e999
    END AS until
    FROM waiting WHERE target IS NOT NULL
)
UPDATE deliveries SET status = 'dead', next_at = NULL, dispatcher = NULL, lease_boot = NULL, lease_until = NULL
WHERE seq IN (
    SELECT seq FROM judged CROSS JOIN deliveries ON deliveries.target = judged.target
    WHERE status = 'pending' AND next_at <= until AND (dispatcher IS NULL OR lease_boot <> :boot_id OR lease_until <= :seconds)
    LIMIT :limit
)
RETURNING {delivery}, endpoint IS NULL OR coalesce((SELECT disabled_at IS NULL FROM endpoints WHERE id = endpoint), 0)
