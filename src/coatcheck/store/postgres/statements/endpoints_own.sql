SELECT {endpoint} FROM {schema}.endpoints WHERE owner = %(viewer)s ORDER BY created_at, id
