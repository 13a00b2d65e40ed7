-- With what is owed to it and what is known of its failures: one round trip.
WITH moment AS MATERIALIZED (SELECT {now} AS now),
changed AS (
    UPDATE {schema}.endpoints SET
        url = coalesce(%(url)s, url),
        occasions = coalesce(%(occasions)s, occasions),
        disabled_at = CASE WHEN %(disabled)s::boolean IS NULL THEN disabled_at WHEN %(disabled)s THEN coalesce(disabled_at, now) END,
        disabled_reason =
            CASE WHEN %(disabled)s::boolean IS NULL THEN disabled_reason WHEN %(disabled)s THEN coalesce(disabled_reason, %(reason)s) END
    FROM moment
    WHERE id = %(id)s AND (%(viewer)s::text IS NULL OR owner = %(viewer)s)
    RETURNING {endpoint}
),
given_up AS (
    UPDATE {schema}.deliveries SET status = 'dead', next_at = NULL
    WHERE status = 'pending' AND target IN (SELECT id FROM changed WHERE %(disabled)s) AND dispatcher IS NULL
    RETURNING seq
),
closed AS (DELETE FROM {schema}.circuits WHERE target IN (SELECT id FROM changed WHERE %(renews)s))
SELECT (SELECT count(*) FROM given_up), {endpoint} FROM changed
