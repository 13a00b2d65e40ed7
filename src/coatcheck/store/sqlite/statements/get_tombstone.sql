SELECT id, owner, expired_at FROM tombstones WHERE id = :id AND (:viewer IS NULL OR owner = :viewer)
