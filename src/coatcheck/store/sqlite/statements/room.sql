SELECT CASE
    WHEN :owner IS NULL AND :operation IS NULL THEN (SELECT coalesce(sum(queued), 0) FROM depths)
    WHEN :owner IS NULL THEN coalesce((SELECT queued FROM depths WHERE operation = :operation), 0)
    WHEN :operation IS NULL THEN (
        SELECT count(*) FROM (SELECT 1 FROM jobs WHERE owner = :owner AND status IN ('queued', 'running') LIMIT :limit)
    )
    ELSE (
        SELECT count(*) FROM (
            SELECT 1 FROM jobs WHERE owner = :owner AND operation = :operation AND status IN ('queued', 'running') LIMIT :limit
        )
    )
END
