SELECT next_at, seq, dispatcher IS NOT NULL FROM deliveries
WHERE status = 'pending' AND target = :target AND next_at <= :now
    AND (dispatcher IS NULL OR lease_boot <> :boot_id OR lease_until <= :seconds)
ORDER BY next_at, seq
LIMIT :limit
