-- One statement, where SQLite has one for each table: a round trip costs more than a plan. Rows that another process prunes are
-- skipped.
WITH moment AS MATERIALIZED (SELECT {now} AS now),
expired AS MATERIALIZED (
    SELECT seq, id, owner, operation, idempotency_key FROM {schema}.jobs
    WHERE expires_at <= (SELECT now FROM moment) AND status IN ('completed', 'failed', 'cancelled')
        AND NOT EXISTS (SELECT 1 FROM {schema}.deliveries WHERE deliveries.job = jobs.seq AND deliveries.status = 'pending')
    ORDER BY expires_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
),
keys AS MATERIALIZED (
    SELECT kept.owner, kept.operation, key
    FROM {schema}.idempotency_keys AS kept JOIN expired
        ON kept.owner = expired.owner AND kept.operation = expired.operation AND key = idempotency_key AND job = expired.seq
    ORDER BY kept.owner, kept.operation, key
    FOR UPDATE OF kept
),
orphaned AS (
    UPDATE {schema}.idempotency_keys AS kept SET job = NULL FROM keys
    WHERE kept.owner = keys.owner AND kept.operation = keys.operation AND kept.key = keys.key
),
stones AS (
    INSERT INTO {schema}.tombstones (id, seq, owner, expired_at, forget_at)
    SELECT id, seq, owner, now, now + %(tombstone)s FROM expired, moment
),
no_deliveries AS (DELETE FROM {schema}.deliveries WHERE job IN (SELECT seq FROM expired) RETURNING seq),
no_attempts AS (DELETE FROM {schema}.delivery_attempts WHERE delivery IN (SELECT seq FROM no_deliveries)),
no_callbacks AS (DELETE FROM {schema}.callbacks WHERE job IN (SELECT seq FROM expired)),
no_events AS (DELETE FROM {schema}.events WHERE job IN (SELECT seq FROM expired)),
no_arguments AS (DELETE FROM {schema}.arguments WHERE job IN (SELECT seq FROM expired)),
no_checkpoints AS (DELETE FROM {schema}.checkpoints WHERE job IN (SELECT seq FROM expired)),
no_jobs AS (DELETE FROM {schema}.jobs WHERE seq IN (SELECT seq FROM expired)),
no_results AS (DELETE FROM {schema}.results WHERE job IN (SELECT seq FROM expired) RETURNING blob),
no_inputs AS (DELETE FROM {schema}.inputs WHERE job IN (SELECT seq FROM expired) RETURNING blob)
SELECT
    (SELECT count(*) FROM expired),
    ARRAY(SELECT blob FROM no_results WHERE blob IS NOT NULL UNION SELECT blob FROM no_inputs)
