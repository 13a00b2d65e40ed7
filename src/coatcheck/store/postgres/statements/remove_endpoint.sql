WITH removed AS (
    DELETE FROM {schema}.endpoints WHERE id = %(id)s AND (%(viewer)s::text IS NULL OR owner = %(viewer)s) RETURNING id
),
no_secrets AS (DELETE FROM {schema}.secrets WHERE holder IN (SELECT id FROM removed)),
closed AS (DELETE FROM {schema}.circuits WHERE target IN (SELECT id FROM removed)),
given_up AS (
    UPDATE {schema}.deliveries SET status = 'dead', next_at = NULL
    WHERE status = 'pending' AND target IN (SELECT id FROM removed) AND dispatcher IS NULL
    RETURNING seq
)
SELECT (SELECT count(*) FROM given_up) FROM removed
