-- What is to start as soon as it can needs no look at the wall clock, which may have been set back since.
ALTER TABLE jobs ADD COLUMN delayed INTEGER NOT NULL DEFAULT 0;  -- 1: not_before is a moment to wait for
UPDATE jobs SET delayed = 1 WHERE status = 'queued' AND not_before > created_at;
DROP INDEX jobs_queued;
CREATE INDEX jobs_queued ON jobs (operation, delayed, not_before) WHERE status = 'queued';
