SELECT events.seq, type, at, events.status, events.attempt, actor, events.worker, reason, data
FROM jobs JOIN events ON events.job = jobs.seq
WHERE id = :id AND (:viewer IS NULL OR owner = :viewer) AND events.seq > :after
ORDER BY events.seq
LIMIT :limit
