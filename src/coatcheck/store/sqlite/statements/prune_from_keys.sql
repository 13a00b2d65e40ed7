UPDATE idempotency_keys SET job = NULL
FROM jobs
WHERE jobs.seq IN (SELECT value FROM json_each(:expired))
    AND idempotency_keys.owner = jobs.owner
    AND idempotency_keys.operation = jobs.operation
    AND idempotency_keys.key = jobs.idempotency_key
