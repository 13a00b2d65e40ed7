UPDATE jobs SET lease_until = min(:seconds + :lease, coalesce(lease_limit, :seconds + :lease))
WHERE status = 'running' AND worker = :worker AND lease_boot = :boot_id
