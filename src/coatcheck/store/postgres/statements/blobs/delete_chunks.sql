-- A few at a time, so that no statement takes long.
DELETE FROM {schema}.blob_chunks WHERE (blob, number) IN (
    SELECT blob, number FROM {schema}.blob_chunks WHERE blob = ANY (%(keys)s) ORDER BY blob, number LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING number
