UPDATE secrets SET ends_at = :ends_at WHERE holder = :holder AND (ends_at IS NULL OR ends_at > :ends_at)
