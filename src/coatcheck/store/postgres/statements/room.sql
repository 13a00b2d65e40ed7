-- Many scopes at once, and which submissions need no place: their key, or they themselves, are there already.
WITH moment AS MATERIALIZED (SELECT {now} AS now)
SELECT
    ARRAY(
        SELECT wanted.id
        FROM unnest(%(id)s, %(owner)s, %(operation)s, %(idempotency_key)s) AS wanted (id, owner, operation, key)
        WHERE EXISTS (SELECT 1 FROM {schema}.jobs WHERE jobs.id = wanted.id) OR EXISTS (
            SELECT 1 FROM {schema}.idempotency_keys AS kept
            WHERE kept.owner = wanted.owner AND kept.operation = wanted.operation AND kept.key = wanted.key
                AND (kept.job IS NOT NULL OR kept.expires_at > (SELECT now FROM moment))
        )
    ),
    ARRAY(
        SELECT CASE  -- the orders keep the planner from looking for them among all jobs
            WHEN owner IS NULL AND operation IS NULL THEN (
                SELECT count(*) FROM (
                    SELECT 1 FROM {schema}.jobs WHERE status = 'queued'
                    ORDER BY jobs.operation, delayed, not_before, seq LIMIT bound
                ) AS waiting
            )
            WHEN owner IS NULL THEN (
                SELECT count(*) FROM (
                    SELECT 1 FROM {schema}.jobs WHERE status = 'queued' AND jobs.operation = scope.operation
                    ORDER BY delayed, not_before, seq LIMIT bound
                ) AS waiting
            )
            WHEN operation IS NULL THEN (
                SELECT count(*) FROM (
                    SELECT 1 FROM {schema}.jobs WHERE status IN ('queued', 'running') AND jobs.owner = scope.owner
                    ORDER BY jobs.operation LIMIT bound
                ) AS own
            )
            ELSE (
                SELECT count(*) FROM (
                    SELECT 1 FROM {schema}.jobs
                    WHERE status IN ('queued', 'running') AND jobs.owner = scope.owner AND jobs.operation = scope.operation
                    ORDER BY jobs.operation LIMIT bound
                ) AS own
            )
        END
        FROM unnest(%(scope_operation)s, %(scope_owner)s, %(scope_bound)s) WITH ORDINALITY AS scope (operation, owner, bound, place)
        ORDER BY place
    )
