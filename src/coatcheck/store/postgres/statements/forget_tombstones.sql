DELETE FROM {schema}.tombstones
WHERE id IN (SELECT id FROM {schema}.tombstones WHERE forget_at <= {now} ORDER BY forget_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id
