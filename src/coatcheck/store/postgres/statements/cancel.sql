WITH moment AS MATERIALIZED (SELECT {now} AS now),
changed AS (
    UPDATE {schema}.jobs SET
        status = %(status)s,
        version = version + 1,
        last_event = last_event + 1,
        cancel_requested_at = now,
        completed_at = CASE WHEN %(ends)s THEN now END,
        expires_at = CASE WHEN %(ends)s THEN now + ttl END
    FROM moment
    WHERE id = %(id)s AND status = %(before)s AND cancel_requested_at IS NULL
    RETURNING {job}
),
told AS (
    INSERT INTO {schema}.events (job, seq, type, at, status, attempt, actor, worker)
    SELECT seq, last_event, %(event)s, now, %(shown)s, attempt, %(actor)s, worker FROM changed, moment
)
SELECT {job} FROM changed AS jobs
