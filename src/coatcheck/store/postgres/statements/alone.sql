-- Of PostgreSQL only: whoever counts these jobs next waits until this transaction has ended.
SELECT pg_advisory_xact_lock(hashtextextended('{schema}.' || scope, 0))
FROM unnest(%(scopes)s) AS asked (scope) ORDER BY hashtextextended('{schema}.' || scope, 0)
