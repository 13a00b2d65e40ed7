-- What is over of that which does not go with a job: one statement, where SQLite has one for each table.
WITH moment AS MATERIALIZED (SELECT {now} AS now),
no_tests AS (
    DELETE FROM {schema}.deliveries
    WHERE job IS NULL AND created_at <= (SELECT now FROM moment) - %(test_ttl)s AND status <> 'pending'
    RETURNING seq
),
no_attempts AS (DELETE FROM {schema}.delivery_attempts WHERE delivery IN (SELECT seq FROM no_tests)),
no_secrets AS (DELETE FROM {schema}.secrets WHERE ends_at <= (SELECT now FROM moment)),
no_circuits AS (
    DELETE FROM {schema}.circuits
    WHERE (open_until IS NULL OR open_until <= (SELECT now FROM moment))
        AND NOT EXISTS (SELECT 1 FROM {schema}.deliveries WHERE status = 'pending' AND deliveries.target = circuits.target)
)
SELECT count(*) FROM no_tests
