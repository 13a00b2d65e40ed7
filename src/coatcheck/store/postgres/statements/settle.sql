-- Many endings at once, with their results and events: one round trip and one commit. The rows are locked in their order, so that
-- two batches never wait for each other; what the locked row says is the fence.
WITH moment AS MATERIALIZED (SELECT {now} AS now),
ended AS MATERIALIZED (
    SELECT * FROM unnest(
        %(id)s, %(fence)s, %(status)s, %(status_if_cancelling)s, %(delay)s, %(ends)s, %(failures)s, %(crashes)s, %(percent)s,
        %(error)s, %(event)s, %(event_if_cancelling)s, %(worker)s, %(reason)s, %(data)s,
        %(media_type)s, %(size)s, %(digest)s, %(blob)s, %(filename)s, %(body)s
    ) WITH ORDINALITY AS asked (
        id, fence, status, status_if_cancelling, delay, ends, failures, crashes, percent,
        error, event, event_if_cancelling, worker, reason, data,
        media_type, size, digest, blob, filename, body, place
    )
),
held AS MATERIALIZED (
    SELECT jobs.seq, jobs.status AS was, ended.* FROM ended JOIN {schema}.jobs ON jobs.id = ended.id AND jobs.fence = ended.fence
    ORDER BY jobs.seq
    FOR UPDATE OF jobs
),
settled AS (
    UPDATE {schema}.jobs SET
        status = CASE WHEN cancel_requested_at IS NULL THEN held.status ELSE status_if_cancelling END,
        version = version + 1,
        last_event = last_event + 1,
        not_before = CASE WHEN cancel_requested_at IS NULL THEN coalesce(now + delay, not_before) ELSE not_before END,
        delayed = CASE WHEN cancel_requested_at IS NULL THEN coalesce(delay > 0, delayed) ELSE delayed END,
        completed_at = CASE WHEN ends OR cancel_requested_at IS NOT NULL THEN now END,
        expires_at = CASE WHEN ends OR cancel_requested_at IS NOT NULL THEN now + ttl END,
        failures = jobs.failures + held.failures,
        crashes = jobs.crashes + held.crashes,
        percent = coalesce(held.percent, jobs.percent),
        error = CASE WHEN cancel_requested_at IS NULL THEN held.error END,
        worker = NULL,
        lease_until = NULL,
        lease_limit = NULL
    FROM held, moment
    WHERE jobs.seq = held.seq AND was = 'running'
    RETURNING
        {job}, place, now, held.worker AS settled_by, reason, data, media_type, size, digest, blob, filename, body,
        CASE WHEN cancel_requested_at IS NULL THEN event ELSE event_if_cancelling END AS event
),
kept AS (
    INSERT INTO {schema}.results (job, media_type, size, digest, blob, filename, body)
    SELECT seq, media_type, size, digest, blob, filename, body FROM settled WHERE media_type IS NOT NULL
),
told AS (
    INSERT INTO {schema}.events (job, seq, type, at, status, attempt, actor, worker, reason, data)
    SELECT seq, last_event, event, now, status, attempt, %(actor)s, settled_by, reason, data FROM settled
)
SELECT {job}, place FROM settled AS jobs
