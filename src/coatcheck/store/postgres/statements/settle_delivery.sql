-- With the attempt, and what it means for the target and the endpoint: one round trip. The dispatcher is compared in a way that leads
-- nobody through all that dispatchers hold.
WITH moment AS MATERIALIZED (SELECT {now} AS now),
settled AS (
    UPDATE {schema}.deliveries SET
        status = %(status)s,
        url = %(url)s,
        next_at = CASE WHEN %(status)s = 'pending' THEN now + %(delay)s END,
        attempts = attempts + 1,
        dispatcher = NULL,
        lease_until = NULL
    FROM moment
    WHERE id = %(id)s AND status = 'pending' AND fence = %(fence)s AND coalesce(dispatcher, '') = %(dispatcher)s
    RETURNING seq, target, endpoint
),
tried AS (
    INSERT INTO {schema}.delivery_attempts (delivery, number, at, duration, status, error, answer)
    SELECT
        seq, (SELECT coalesce(max(number), 0) + 1 FROM {schema}.delivery_attempts WHERE delivery = seq),
        %(at)s, %(duration)s, %(answered)s, %(error)s, %(answer)s
    FROM settled
    RETURNING number
),
closed AS (DELETE FROM {schema}.circuits WHERE %(status)s = 'delivered' AND target IN (SELECT target FROM settled)),
failed AS (
    INSERT INTO {schema}.circuits AS circuit (target, failures) SELECT target, 1 FROM settled WHERE %(status)s <> 'delivered'
    ON CONFLICT (target) DO UPDATE SET
        failures = circuit.failures + 1,
        open_until = CASE
            WHEN circuit.failures + 1 >= %(circuit)s THEN
                (SELECT now FROM moment)
                + least(%(longest)s::double precision, %(shortest)s * power(2, least(circuit.failures + 1 - %(circuit)s, 30)))
        END
),
disabled AS (
    UPDATE {schema}.endpoints SET disabled_at = now, disabled_reason = %(disable)s FROM moment
    WHERE %(disable)s::text IS NOT NULL AND id IN (SELECT endpoint FROM settled) AND disabled_at IS NULL
    RETURNING id
),
given_up AS (
    UPDATE {schema}.deliveries SET status = 'dead', next_at = NULL
    WHERE %(disable)s::text IS NOT NULL
        AND status = 'pending' AND target IN (SELECT endpoint FROM settled) AND dispatcher IS NULL
    RETURNING seq
)
SELECT number, (SELECT count(*) FROM disabled) > 0, (SELECT count(*) FROM given_up) FROM tried
