-- An owner's jobs that have not ended: few, whatever its history.
CREATE INDEX jobs_in_flight ON jobs (owner, operation) WHERE status IN ('queued', 'running');
