SELECT seq FROM jobs WHERE id = :before AND (:viewer IS NULL OR owner = :viewer)
UNION ALL
SELECT seq FROM tombstones WHERE id = :before AND (:viewer IS NULL OR owner = :viewer)
