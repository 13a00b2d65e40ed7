DELETE FROM deliveries WHERE job IS NULL AND created_at <= :before AND status <> 'pending' RETURNING seq
