CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    operation TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    version INTEGER NOT NULL DEFAULT 1,
    last_event INTEGER NOT NULL DEFAULT 1,
    created_at REAL NOT NULL,
    not_before REAL NOT NULL,
    started_at REAL,
    completed_at REAL,
    expires_at REAL,
    cancel_requested_at REAL,
    attempt INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    timeout REAL,
    ttl REAL NOT NULL,
    idempotency_key TEXT,
    worker TEXT,
    lease_boot TEXT,
    lease_until REAL,  -- seconds on the boot clock
    lease_limit REAL,  -- seconds on the boot clock; NULL without a timeout
    percent INTEGER,
    message TEXT,
    current ANY,  -- whole numbers stay whole
    total ANY,
    unit TEXT,
    notes INTEGER NOT NULL DEFAULT 0,  -- progress and log events kept
    error BLOB
) STRICT;

CREATE INDEX jobs_by_owner ON jobs (owner);
CREATE INDEX jobs_queued ON jobs (operation, not_before) WHERE status = 'queued';
CREATE INDEX jobs_running ON jobs (worker) WHERE status = 'running';
CREATE INDEX jobs_completed ON jobs (operation, completed_at, started_at) WHERE status = 'completed';
CREATE INDEX jobs_expiring ON jobs (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE arguments (job INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE checkpoints (job INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE results (
    job INTEGER PRIMARY KEY,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    digest TEXT NOT NULL,
    blob TEXT,
    filename TEXT,
    body BLOB
) STRICT;

CREATE INDEX results_by_blob ON results (blob) WHERE blob IS NOT NULL;

CREATE TABLE events (
    job INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    type TEXT NOT NULL,
    at REAL NOT NULL,
    status TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    actor TEXT NOT NULL,
    worker TEXT,
    reason TEXT,
    data BLOB,
    PRIMARY KEY (job, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
    owner TEXT NOT NULL,
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    job INTEGER,  -- NULL once the job was pruned
    expires_at REAL NOT NULL,
    PRIMARY KEY (owner, operation, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_expiring ON idempotency_keys (expires_at) WHERE job IS NULL;

CREATE TABLE tombstones (
    id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    owner TEXT NOT NULL,
    expired_at REAL NOT NULL,
    forget_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tombstones_by_forget_at ON tombstones (forget_at);

-- How deep each operation's queue is, kept by the triggers below, so that nobody counts rows.
CREATE TABLE depths (
    operation TEXT PRIMARY KEY,
    queued INTEGER NOT NULL DEFAULT 0,
    running INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TRIGGER depth_of_new_job AFTER INSERT ON jobs BEGIN
    INSERT INTO depths (operation, queued, running) VALUES (new.operation, new.status = 'queued', new.status = 'running')
    ON CONFLICT (operation) DO UPDATE SET queued = queued + excluded.queued, running = running + excluded.running;
END;

CREATE TRIGGER depth_of_changed_job AFTER UPDATE OF status ON jobs WHEN old.status <> new.status BEGIN
    UPDATE depths SET
        queued = queued + (new.status = 'queued') - (old.status = 'queued'),
        running = running + (new.status = 'running') - (old.status = 'running')
    WHERE operation = new.operation;
END;

CREATE TRIGGER depth_of_removed_job AFTER DELETE ON jobs WHEN old.status IN ('queued', 'running') BEGIN
    UPDATE depths SET queued = queued - (old.status = 'queued'), running = running - (old.status = 'running')
    WHERE operation = old.operation;
END;
