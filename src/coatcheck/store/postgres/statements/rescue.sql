-- Many jobs at once, locked in the order of their rows.
WITH moment AS MATERIALIZED (SELECT {now} AS now, {seconds} AS seconds),
held AS MATERIALIZED (
    SELECT jobs.seq, jobs.worker AS lost
    FROM {schema}.jobs JOIN unnest(%(seq)s, %(fence)s) AS found (seq, fence) USING (seq, fence)
    WHERE worker IS NOT NULL
        AND CASE WHEN %(worker)s::text IS NULL THEN lease_until <= (SELECT seconds FROM moment) ELSE worker = %(worker)s END
    ORDER BY jobs.seq
    FOR UPDATE OF jobs
),
rescued AS (
    UPDATE {schema}.jobs SET
        status = CASE
            WHEN cancel_requested_at IS NOT NULL THEN %(status_if_cancelling)s
            WHEN crashes + 1 >= %(crash_limit)s THEN %(status_at_limit)s
            ELSE %(status)s
        END,
        version = version + 1,
        last_event = last_event + 1,
        not_before = now,
        delayed = false,
        completed_at = CASE WHEN cancel_requested_at IS NOT NULL OR crashes + 1 >= %(crash_limit)s THEN now END,
        expires_at = CASE WHEN cancel_requested_at IS NOT NULL OR crashes + 1 >= %(crash_limit)s THEN now + ttl END,
        crashes = crashes + 1,
        error = CASE WHEN cancel_requested_at IS NULL AND crashes + 1 >= %(crash_limit)s THEN %(error)s END,
        worker = NULL,
        lease_until = NULL,
        lease_limit = NULL
    FROM held, moment
    WHERE jobs.seq = held.seq
    RETURNING {job}, lost
),
told AS (
    INSERT INTO {schema}.events (job, seq, type, at, status, attempt, actor, worker, reason, data)
    SELECT
        seq, last_event,
        CASE
            WHEN cancel_requested_at IS NOT NULL THEN %(event_if_cancelling)s
            WHEN crashes >= %(crash_limit)s THEN %(event_at_limit)s
            ELSE %(event)s
        END,
        now, status, attempt, %(actor)s, lost, format(%(reason)s, crashes), error
    FROM rescued, moment
)
SELECT {job} FROM rescued AS jobs ORDER BY seq
