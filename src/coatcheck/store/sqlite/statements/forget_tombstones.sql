DELETE FROM tombstones WHERE id IN (SELECT id FROM tombstones WHERE forget_at <= :now ORDER BY forget_at LIMIT :limit)
