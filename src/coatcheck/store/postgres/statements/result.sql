SELECT media_type, size, digest, blob, filename, body
FROM {schema}.jobs JOIN {schema}.results ON results.job = jobs.seq
WHERE id = %(id)s AND status = 'completed' AND (%(viewer)s::text IS NULL OR owner = %(viewer)s)
