-- Many at once, locked in one order.
WITH written AS MATERIALIZED (
    SELECT deliveries.seq, frozen.body FROM {schema}.deliveries JOIN unnest(%(id)s, %(body)s) AS frozen (id, body) USING (id)
    ORDER BY deliveries.seq
    FOR UPDATE OF deliveries
)
UPDATE {schema}.deliveries SET body = coalesce(deliveries.body, written.body) FROM written
WHERE deliveries.seq = written.seq
RETURNING id, deliveries.body
