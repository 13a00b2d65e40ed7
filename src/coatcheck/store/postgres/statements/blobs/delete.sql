DELETE FROM {schema}.blobs WHERE key = ANY (%(keys)s)
