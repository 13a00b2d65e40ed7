-- The job's row and all events at once.
WITH moment AS MATERIALIZED (SELECT {now} AS now),
reported AS (
    UPDATE {schema}.jobs SET
        version = version + 1,
        last_event = last_event + %(count)s,
        notes = notes + %(count)s,
        percent = CASE WHEN %(progress)s THEN %(percent)s ELSE percent END,
        message = CASE WHEN %(progress)s THEN %(message)s ELSE message END,
        current = CASE WHEN %(progress)s THEN %(current)s ELSE current END,
        total = CASE WHEN %(progress)s THEN %(total)s ELSE total END,
        unit = CASE WHEN %(progress)s THEN %(unit)s ELSE unit END
    WHERE id = %(id)s AND status = 'running' AND fence = %(fence)s
    RETURNING seq, last_event, notes, attempt, worker, cancel_requested_at
),
told AS (
    INSERT INTO {schema}.events (job, seq, type, at, status, attempt, actor, worker, data)
    SELECT
        seq, last_event - %(count)s + place, type, coalesce(at, now),
        CASE WHEN cancel_requested_at IS NULL THEN %(status)s ELSE %(status_if_cancelling)s END,
        attempt, %(actor)s, worker, data
    FROM reported, moment, unnest(%(type)s, %(at)s, %(data)s) WITH ORDINALITY AS said (type, at, data, place)
)
SELECT seq, notes FROM reported
