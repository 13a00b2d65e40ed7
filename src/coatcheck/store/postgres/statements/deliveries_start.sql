SELECT seq FROM {schema}.deliveries WHERE id = %(before)s AND (%(viewer)s::text IS NULL OR owner = %(viewer)s)
