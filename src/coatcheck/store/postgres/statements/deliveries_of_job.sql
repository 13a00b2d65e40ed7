SELECT {delivery} FROM {schema}.deliveries
WHERE job = (SELECT seq FROM {schema}.jobs WHERE id = %(job)s)
    AND (%(viewer)s::text IS NULL OR owner = %(viewer)s)
    AND (%(status)s::text IS NULL OR status = %(status)s)
    AND seq < %(before)s
ORDER BY seq DESC
LIMIT %(limit)s
