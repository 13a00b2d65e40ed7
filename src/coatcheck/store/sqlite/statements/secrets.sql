SELECT sealed, created_at, ends_at FROM secrets
WHERE holder = :holder AND (ends_at IS NULL OR ends_at > :now)
ORDER BY seq DESC
