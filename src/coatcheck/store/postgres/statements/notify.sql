-- Of PostgreSQL only: whoever listens is told by the commit of the caller's transaction.
SELECT pg_notify(%(channel)s, '')
