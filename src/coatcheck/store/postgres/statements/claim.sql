-- Choosing, starting and telling in one statement. The rows are locked as they are chosen: `due` is the fence against other
-- claimers, who skip them, and it is materialised, lest the planner choose twice. What was never to wait is due whenever it says that
-- was: the clock may have been set back since.
WITH moment AS MATERIALIZED (SELECT {now} AS now, {seconds} AS seconds),
due AS MATERIALIZED (
    SELECT chosen.seq, turn, row_number() OVER (PARTITION BY turn ORDER BY chosen.not_before, chosen.seq) AS rank
    FROM unnest(%(operations)s) WITH ORDINALITY AS asked (operation, turn)
    CROSS JOIN (SELECT false, 'infinity'::double precision UNION ALL SELECT true, now FROM moment) AS kind (delayed, until)
    CROSS JOIN LATERAL (
        SELECT seq, not_before FROM {schema}.jobs
        WHERE status = 'queued' AND jobs.operation = asked.operation AND jobs.delayed = kind.delayed AND not_before <= until
        ORDER BY not_before, seq
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) AS chosen
),
in_turn AS MATERIALIZED (SELECT seq, rank, turn FROM due ORDER BY rank, turn LIMIT %(limit)s),
started AS (
    UPDATE {schema}.jobs SET
        status = %(status)s,
        version = version + 1,
        last_event = last_event + 1,
        started_at = now,
        cancel_requested_at = NULL,
        attempt = attempt + 1,
        fence = fence + 1,
        worker = %(worker)s,
        lease_until = seconds + %(lease)s,
        lease_limit = seconds + timeout + %(grace)s + %(lease)s,
        percent = NULL,
        message = NULL,
        current = NULL,
        total = NULL,
        unit = NULL
    FROM in_turn, moment
    WHERE jobs.seq = in_turn.seq
    RETURNING {job}, rank, turn
),
told AS (
    INSERT INTO {schema}.events (job, seq, type, at, status, attempt, actor, worker)
    SELECT seq, last_event, %(event)s, started_at, status, attempt, %(actor)s, worker FROM started
)
SELECT {job}, arguments.body, checkpoints.body
FROM started AS jobs
    JOIN {schema}.arguments ON arguments.job = jobs.seq
    LEFT JOIN {schema}.checkpoints ON checkpoints.job = jobs.seq
ORDER BY rank, turn
