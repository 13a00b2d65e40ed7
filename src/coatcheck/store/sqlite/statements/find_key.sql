SELECT fingerprint, jobs.id
FROM idempotency_keys LEFT JOIN jobs ON jobs.seq = idempotency_keys.job
WHERE idempotency_keys.owner = :owner
    AND idempotency_keys.operation = :operation
    AND key = :idempotency_key
    AND (job IS NOT NULL OR idempotency_keys.expires_at > :now)
