-- compatible since 3
-- An owner's jobs that have not ended: few, whatever its history.
CREATE INDEX jobs_in_flight ON {schema}.jobs (owner, operation) WHERE status IN ('queued', 'running');
