INSERT INTO {schema}.blobs (key, size, digest, written_at) SELECT %(key)s, %(size)s, %(digest)s, {now}
