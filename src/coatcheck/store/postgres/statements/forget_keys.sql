DELETE FROM {schema}.idempotency_keys
WHERE (owner, operation, key) IN (
    SELECT owner, operation, key FROM {schema}.idempotency_keys
    WHERE job IS NULL AND expires_at <= {now} ORDER BY expires_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING key
