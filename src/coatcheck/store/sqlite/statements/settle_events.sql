INSERT INTO events (job, seq, type, at, status, attempt, actor, worker, reason, data)
SELECT
    seq, last_event, CASE WHEN cancel_requested_at IS NULL THEN :event ELSE :event_if_cancelling END, :now, status, attempt,
    'worker', :worker, :reason, :data
FROM jobs WHERE seq IN (SELECT value FROM json_each(:jobs))
