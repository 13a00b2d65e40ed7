UPDATE deliveries SET status = 'dead', next_at = NULL WHERE status = 'pending' AND target = :target AND dispatcher IS NULL
