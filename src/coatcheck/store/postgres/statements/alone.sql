-- Of PostgreSQL only: whoever counts these queues next waits until this transaction has ended.
SELECT pg_advisory_xact_lock(hashtextextended('{schema}.' || operation, 0))
FROM unnest(%(operations)s) AS asked (operation) ORDER BY hashtextextended('{schema}.' || operation, 0)
