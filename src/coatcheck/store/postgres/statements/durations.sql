SELECT completed_at - started_at FROM {schema}.jobs
WHERE status = 'completed' AND operation = %(operation)s
ORDER BY completed_at DESC
LIMIT %(last)s
