WITH moment AS MATERIALIZED (SELECT {now} AS now),
changed AS (
    UPDATE {schema}.jobs SET
        status = %(status)s,
        version = version + 1,
        last_event = last_event + 1,
        not_before = now,
        delayed = false,
        completed_at = NULL,
        expires_at = NULL,
        cancel_requested_at = NULL,
        failures = 0,
        crashes = 0,
        percent = NULL,
        message = NULL,
        current = NULL,
        total = NULL,
        unit = NULL,
        error = NULL
    FROM moment
    WHERE id = %(id)s AND status = %(before)s
    RETURNING {job}
),
told AS (
    INSERT INTO {schema}.events (job, seq, type, at, status, attempt, actor, worker)
    SELECT seq, last_event, %(event)s, now, status, attempt, %(actor)s, worker FROM changed, moment
)
SELECT {job} FROM changed AS jobs
