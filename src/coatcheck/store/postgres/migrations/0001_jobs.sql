-- compatible since 1
-- Text that is looked up is kept in the collation "C": an upgrade of the system's locales reorders the others under their indexes.
CREATE TABLE {schema}.jobs (
    seq bigint PRIMARY KEY,
    id text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,
    operation text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    version bigint NOT NULL DEFAULT 1,
    last_event bigint NOT NULL DEFAULT 1,
    created_at double precision NOT NULL,
    not_before double precision NOT NULL,
    delayed boolean NOT NULL DEFAULT false,  -- whether not_before is a moment to wait for
    started_at double precision,
    completed_at double precision,
    expires_at double precision,
    cancel_requested_at double precision,
    attempt integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    crashes integer NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    timeout double precision,
    ttl double precision NOT NULL,
    idempotency_key text COLLATE "C",
    worker text COLLATE "C",
    lease_until double precision,  -- seconds on the server's clock
    lease_limit double precision,  -- likewise; NULL without a timeout
    percent integer,
    message text,
    current double precision,
    total double precision,
    unit text,
    notes integer NOT NULL DEFAULT 0,  -- progress and log events kept
    error bytea
) WITH (
    fillfactor = 75,  -- progress and heartbeats find room beside the row they renew, and touch no index
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02
);

CREATE SEQUENCE {schema}.job_numbers OWNED BY {schema}.jobs.seq;

CREATE UNIQUE INDEX jobs_by_id ON {schema}.jobs (id);
CREATE INDEX jobs_by_owner ON {schema}.jobs (owner, seq);
CREATE INDEX jobs_queued ON {schema}.jobs (operation, delayed, not_before, seq) WHERE status = 'queued';
-- A job has a worker while it runs. Said in this way, nothing that finds a job by its number is led to walk through this index.
CREATE INDEX jobs_running ON {schema}.jobs (worker) WHERE worker IS NOT NULL;
CREATE INDEX jobs_completed ON {schema}.jobs (operation, completed_at) INCLUDE (started_at) WHERE status = 'completed';
CREATE INDEX jobs_expiring ON {schema}.jobs (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE {schema}.arguments (job bigint PRIMARY KEY, body bytea NOT NULL);

CREATE TABLE {schema}.checkpoints (job bigint PRIMARY KEY, body bytea NOT NULL) WITH (fillfactor = 75);

CREATE TABLE {schema}.results (
    job bigint PRIMARY KEY,
    media_type text NOT NULL,
    size bigint NOT NULL,
    digest text NOT NULL,
    blob text COLLATE "C",
    filename text,
    body bytea
);

CREATE INDEX results_by_blob ON {schema}.results (blob) WHERE blob IS NOT NULL;

CREATE TABLE {schema}.events (
    job bigint NOT NULL,
    seq bigint NOT NULL,
    type text NOT NULL,
    at double precision NOT NULL,
    status text NOT NULL,
    attempt integer NOT NULL,
    actor text NOT NULL,
    worker text,
    reason text,
    data bytea,
    PRIMARY KEY (job, seq)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE {schema}.idempotency_keys (
    owner text COLLATE "C" NOT NULL,
    operation text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    job bigint,  -- NULL once the job was pruned
    expires_at double precision NOT NULL,
    PRIMARY KEY (owner, operation, key)
);

CREATE INDEX idempotency_keys_expiring ON {schema}.idempotency_keys (expires_at) WHERE job IS NULL;

CREATE TABLE {schema}.tombstones (
    id text COLLATE "C" PRIMARY KEY,
    seq bigint NOT NULL,
    owner text COLLATE "C" NOT NULL,
    expired_at double precision NOT NULL,
    forget_at double precision NOT NULL
);

CREATE INDEX tombstones_by_forget_at ON {schema}.tombstones (forget_at);
