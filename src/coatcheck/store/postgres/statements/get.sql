SELECT {job}, media_type, size, digest, blob, filename, CASE WHEN size <= %(inline_limit)s THEN body END
FROM {schema}.jobs LEFT JOIN {schema}.results ON results.job = jobs.seq AND status = 'completed'
WHERE id = %(id)s AND (%(viewer)s::text IS NULL OR owner = %(viewer)s)
