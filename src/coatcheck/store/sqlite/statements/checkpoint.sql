INSERT INTO checkpoints (job, body)
SELECT seq, :body FROM jobs WHERE id = :id AND status = 'running' AND fence = :fence
ON CONFLICT (job) DO UPDATE SET body = excluded.body
