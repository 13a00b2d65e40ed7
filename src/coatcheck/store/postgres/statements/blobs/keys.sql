SELECT key FROM {schema}.blobs WHERE written_at <= {now} - %(older_than)s ORDER BY key
