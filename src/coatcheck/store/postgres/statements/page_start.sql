SELECT seq FROM {schema}.jobs WHERE id = %(before)s AND (%(viewer)s::text IS NULL OR owner = %(viewer)s)
UNION ALL
SELECT seq FROM {schema}.tombstones WHERE id = %(before)s AND (%(viewer)s::text IS NULL OR owner = %(viewer)s)
