SELECT fingerprint, jobs.id
FROM {schema}.idempotency_keys AS kept LEFT JOIN {schema}.jobs ON jobs.seq = kept.job
WHERE kept.owner = %(owner)s AND kept.operation = %(operation)s AND key = %(idempotency_key)s
    AND (job IS NOT NULL OR kept.expires_at > {now})
