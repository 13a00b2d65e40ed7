SELECT key FROM unnest(%(blobs)s) AS wanted (key) WHERE NOT EXISTS (SELECT 1 FROM {schema}.results WHERE blob = key)
