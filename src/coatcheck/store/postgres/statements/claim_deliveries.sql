-- Under a lock: what is counted of a target stays as it was counted. Rows that somebody writes at this moment are skipped.
WITH RECURSIVE moment AS MATERIALIZED (SELECT {now} AS now, {seconds} AS seconds),
{waiting},
open AS MATERIALIZED (
    SELECT
        waiting.target, held,
        CASE WHEN open_until IS NULL THEN %(per_target)s WHEN open_until > now THEN 0 ELSE 1 END - held AS free
    FROM waiting CROSS JOIN moment
        LEFT JOIN LATERAL (SELECT open_until FROM {schema}.circuits WHERE circuits.target = waiting.target LIMIT 1) AS circuit ON true
        CROSS JOIN LATERAL (
            SELECT count(*) AS held FROM {schema}.deliveries
            WHERE dispatcher IS NOT NULL AND deliveries.target = waiting.target AND lease_until > seconds
        ) AS under_way
    WHERE waiting.target IS NOT NULL
),
due AS MATERIALIZED (
    SELECT chosen.seq, next_at, lost, held + row_number() OVER (PARTITION BY open.target ORDER BY next_at, chosen.seq) AS turn
    FROM open CROSS JOIN moment CROSS JOIN LATERAL (
        SELECT seq, next_at, dispatcher IS NOT NULL AS lost FROM {schema}.deliveries
        WHERE status = 'pending' AND deliveries.target = open.target AND next_at <= now
            AND (dispatcher IS NULL OR lease_until <= seconds)
            AND (endpoint IS NULL OR (SELECT disabled_at IS NULL FROM {schema}.endpoints WHERE endpoints.id = endpoint))
        ORDER BY deliveries.target, next_at, seq
        LIMIT greatest(0, least(free, %(limit)s))
        FOR UPDATE OF deliveries SKIP LOCKED
    ) AS chosen
),
in_turn AS MATERIALIZED (
    SELECT seq, lost, row_number() OVER (ORDER BY turn, next_at, seq) AS place FROM due ORDER BY turn, next_at, seq LIMIT %(limit)s
),
unknown AS (
    INSERT INTO {schema}.delivery_attempts (delivery, number, at, duration, error, answer)
    SELECT
        seq, (SELECT coalesce(max(number), 0) + 1 FROM {schema}.delivery_attempts WHERE delivery = seq), now, 0, %(unknown)s, ''
    FROM in_turn, moment WHERE lost
),
claimed AS (
    UPDATE {schema}.deliveries
    SET fence = fence + 1, dispatcher = %(dispatcher)s, lease_until = seconds + %(lease)s
    FROM in_turn, moment
    WHERE deliveries.seq = in_turn.seq
    RETURNING {delivery}, fence, body, place
)
SELECT * FROM claimed ORDER BY place
