SELECT size FROM {schema}.blobs WHERE key = %(key)s
