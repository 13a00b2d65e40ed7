SELECT sealed, created_at, ends_at FROM {schema}.secrets
WHERE holder = %(holder)s AND (ends_at IS NULL OR ends_at > {now})
ORDER BY seq DESC
