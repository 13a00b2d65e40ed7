SELECT {endpoint} FROM {schema}.endpoints ORDER BY owner, created_at, id
