SELECT {delivery} FROM {schema}.deliveries WHERE id = %(id)s AND (%(viewer)s::text IS NULL OR owner = %(viewer)s)
