SELECT events.seq, type, at, events.status, events.attempt, actor, events.worker, reason, data
FROM {schema}.jobs JOIN {schema}.events ON events.job = jobs.seq
WHERE id = %(id)s AND (%(viewer)s::text IS NULL OR owner = %(viewer)s) AND events.seq > %(after)s
ORDER BY events.seq
LIMIT %(limit)s
