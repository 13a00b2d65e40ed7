SELECT seq, fence FROM {schema}.jobs
WHERE worker IS NOT NULL
    AND CASE WHEN %(worker)s::text IS NULL THEN lease_until <= {seconds} ELSE worker = %(worker)s END
LIMIT %(limit)s
