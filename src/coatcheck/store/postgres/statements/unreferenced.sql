SELECT key FROM unnest(%(blobs)s) AS wanted (key)
WHERE NOT EXISTS (SELECT 1 FROM {schema}.results WHERE blob = key) AND NOT EXISTS (SELECT 1 FROM {schema}.inputs WHERE blob = key)
