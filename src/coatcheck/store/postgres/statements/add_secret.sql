WITH moment AS MATERIALIZED (SELECT {now} AS now),
ended AS (
    UPDATE {schema}.secrets SET ends_at = now + %(overlap)s::double precision FROM moment
    WHERE holder = %(holder)s AND (ends_at IS NULL OR ends_at > now + %(overlap)s::double precision)
)
INSERT INTO {schema}.secrets (holder, sealed, created_at) SELECT %(holder)s, %(sealed)s, now FROM moment RETURNING created_at
