SELECT seq, fence, worker FROM jobs
WHERE status = 'running'
    AND CASE WHEN :worker IS NULL THEN lease_boot <> :boot_id OR lease_until <= :seconds ELSE worker = :worker END
LIMIT :limit
