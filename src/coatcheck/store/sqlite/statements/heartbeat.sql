UPDATE jobs SET lease_until = min(:seconds + :lease, coalesce(lease_limit, :seconds + :lease))
WHERE id = :id AND status = 'running' AND fence = :fence AND worker = :worker AND lease_boot = :boot_id
RETURNING cancel_requested_at IS NOT NULL
