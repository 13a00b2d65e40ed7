-- Many jobs at once, with their arguments, keys and first events: one round trip and one commit for all who wait.
WITH moment AS MATERIALIZED (SELECT {now} AS now),
wanted AS MATERIALIZED (
    SELECT nextval('{schema}.job_numbers') AS seq, asked.*
    FROM unnest(
        %(id)s, %(owner)s, %(operation)s, %(arguments)s, %(max_attempts)s, %(timeout)s, %(ttl)s, %(delay)s,
        %(idempotency_key)s, %(fingerprint)s, %(traceparent)s
    ) WITH ORDINALITY AS asked (
        id, owner, operation, arguments, max_attempts, timeout, ttl, delay,
        idempotency_key, fingerprint, traceparent, place
    )
),
replayed AS MATERIALIZED (
    SELECT wanted.seq
    FROM wanted JOIN {schema}.idempotency_keys AS kept
        ON kept.owner = wanted.owner AND kept.operation = wanted.operation AND kept.key = wanted.idempotency_key
    WHERE kept.job IS NOT NULL OR kept.expires_at > (SELECT now FROM moment)
),
fresh AS MATERIALIZED (SELECT * FROM wanted WHERE seq NOT IN (SELECT seq FROM replayed)),
keyed AS (
    INSERT INTO {schema}.idempotency_keys AS kept (owner, operation, key, fingerprint, job, expires_at)
    SELECT owner, operation, idempotency_key, fingerprint, seq, now + %(key_ttl)s::double precision
    FROM fresh, moment
    WHERE idempotency_key IS NOT NULL
    ORDER BY owner, operation, idempotency_key
    ON CONFLICT (owner, operation, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, job = excluded.job, expires_at = excluded.expires_at
    WHERE kept.job IS NULL AND kept.expires_at <= (SELECT now FROM moment)
    RETURNING job
),
stored AS (
    INSERT INTO {schema}.jobs (
        seq, id, owner, operation, status, created_at, not_before, delayed, max_attempts, timeout, ttl, idempotency_key, traceparent
    )
    SELECT seq, id, owner, operation, %(status)s, now, now + delay, delay > 0, max_attempts, timeout, ttl, idempotency_key, traceparent
    FROM fresh, moment
    WHERE idempotency_key IS NULL OR seq IN (SELECT job FROM keyed)
    ORDER BY seq
    ON CONFLICT (id) DO NOTHING
    RETURNING seq, owner, status, created_at, attempt
),
given AS (  -- IS TRUE asks a hash table; a join would be planned for ten rows and made for two hundred
    INSERT INTO {schema}.arguments (job, body)
    SELECT seq, arguments FROM fresh WHERE (seq IN (SELECT seq FROM stored)) IS TRUE
),
referred AS (
    INSERT INTO {schema}.inputs (job, blob)
    SELECT seq, blob FROM unnest(%(input_of)s, %(input)s) AS inputs (id, blob) JOIN wanted USING (id)
    WHERE (seq IN (SELECT seq FROM stored)) IS TRUE
    ON CONFLICT DO NOTHING
),
called AS (
    INSERT INTO {schema}.callbacks (job, url, target)
    SELECT seq, url, target FROM unnest(%(callback_of)s, %(callback)s, %(callback_target)s) AS callbacks (id, url, target)
        JOIN wanted USING (id)
    WHERE (seq IN (SELECT seq FROM stored)) IS TRUE
),
told AS (
    INSERT INTO {schema}.events (job, seq, type, at, status, attempt, actor)
    SELECT seq, 1, %(event)s, created_at, status, attempt, owner FROM stored
)
SELECT
    now,
    ARRAY(SELECT seq FROM wanted ORDER BY place),
    ARRAY(SELECT seq FROM stored),
    (  -- the front of each queue as it was before: what lies further back is told from how close together these are
        SELECT json_object_agg(operation, json_build_array(ahead, first, last))
        FROM (SELECT DISTINCT operation FROM wanted) AS asked CROSS JOIN LATERAL (
            SELECT count(*) AS ahead, min(seq) AS first, max(seq) AS last FROM (
                SELECT seq FROM {schema}.jobs
                WHERE status = 'queued' AND operation = asked.operation AND NOT delayed
                ORDER BY not_before, seq
                LIMIT %(counted)s
            ) AS counted
        ) AS near
    )
FROM moment
