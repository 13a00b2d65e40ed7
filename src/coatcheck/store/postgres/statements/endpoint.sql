SELECT {endpoint} FROM {schema}.endpoints WHERE id = %(id)s AND (%(viewer)s::text IS NULL OR owner = %(viewer)s)
