-- With its secret: one round trip.
WITH added AS (
    INSERT INTO {schema}.endpoints (id, owner, url, occasions, created_at)
    SELECT %(id)s, %(owner)s, %(url)s, %(occasions)s, %(created_at)s
    WHERE (SELECT count(*) FROM {schema}.endpoints WHERE owner = %(owner)s) < %(limit)s
    RETURNING id, created_at
)
INSERT INTO {schema}.secrets (holder, sealed, created_at) SELECT id, %(sealed)s, created_at FROM added RETURNING holder
