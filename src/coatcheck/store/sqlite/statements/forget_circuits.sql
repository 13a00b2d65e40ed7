DELETE FROM circuits
WHERE (open_until IS NULL OR open_until <= :now)
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE status = 'pending' AND deliveries.target = circuits.target)
