SELECT {job} FROM {schema}.jobs
WHERE (%(operation)s::text IS NULL OR operation = %(operation)s)
    AND (%(created_after)s::double precision IS NULL OR created_at > %(created_after)s)
    AND (%(created_before)s::double precision IS NULL OR created_at < %(created_before)s)
    AND (
        %(statuses)s::text[] IS NULL
        OR CASE WHEN status = 'running' AND cancel_requested_at IS NOT NULL THEN 'cancelling' ELSE status END = ANY (%(statuses)s)
    )
    AND seq < %(before)s
ORDER BY seq DESC
LIMIT %(limit)s
