SELECT id FROM jobs WHERE status = 'running' AND worker = :worker AND cancel_requested_at IS NOT NULL
