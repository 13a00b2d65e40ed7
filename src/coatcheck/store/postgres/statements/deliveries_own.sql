SELECT {delivery} FROM {schema}.deliveries
WHERE owner = %(viewer)s AND (%(status)s::text IS NULL OR status = %(status)s) AND seq < %(before)s
ORDER BY seq DESC
LIMIT %(limit)s
