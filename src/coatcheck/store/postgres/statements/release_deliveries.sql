-- With the attempts whose outcome nobody knows: one round trip.
WITH released AS (
    UPDATE {schema}.deliveries SET dispatcher = NULL, lease_until = NULL
    WHERE dispatcher = %(dispatcher)s
    RETURNING seq
)
INSERT INTO {schema}.delivery_attempts (delivery, number, at, duration, error, answer)
SELECT seq, (SELECT coalesce(max(number), 0) + 1 FROM {schema}.delivery_attempts WHERE delivery = seq), {now}, 0, %(unknown)s, ''
FROM released
RETURNING delivery
