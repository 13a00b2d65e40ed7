INSERT INTO events (job, seq, type, at, status, attempt, actor, worker)
SELECT seq, last_event, :event, started_at, status, attempt, 'worker', worker
FROM jobs WHERE seq IN (SELECT value FROM json_each(:jobs))
