INSERT INTO events (job, seq, type, at, status, attempt, actor, worker, reason, data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
