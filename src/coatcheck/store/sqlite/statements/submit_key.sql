INSERT INTO idempotency_keys (owner, operation, key, fingerprint, job, expires_at)
VALUES (:owner, :operation, :idempotency_key, :fingerprint, :job, :expires_at)
ON CONFLICT (owner, operation, key)
DO UPDATE SET fingerprint = excluded.fingerprint, job = excluded.job, expires_at = excluded.expires_at
