-- Who wants to be told what, and what is owed to them.
ALTER TABLE jobs ADD COLUMN traceparent TEXT;

CREATE TABLE endpoints (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    url TEXT NOT NULL,
    occasions TEXT NOT NULL,  -- a JSON array
    created_at REAL NOT NULL,
    disabled_at REAL,
    disabled_reason TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX endpoints_by_owner ON endpoints (owner, created_at);

CREATE TABLE secrets (
    seq INTEGER PRIMARY KEY,
    holder TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at REAL NOT NULL,
    ends_at REAL
) STRICT;

CREATE INDEX secrets_by_holder ON secrets (holder);
CREATE INDEX secrets_ending ON secrets (ends_at) WHERE ends_at IS NOT NULL;

-- The URLs that jobs were submitted with.
CREATE TABLE callbacks (
    job INTEGER PRIMARY KEY,
    url TEXT NOT NULL,
    target TEXT NOT NULL
) STRICT;

CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    occasion TEXT NOT NULL,
    job INTEGER,  -- NULL: a test message
    event INTEGER,
    endpoint TEXT,
    url TEXT NOT NULL,  -- an endpoint's own counts before it
    target TEXT NOT NULL,  -- the endpoint, or origin of the URL and owner
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'dead')),
    created_at REAL NOT NULL,
    next_at REAL,
    attempts INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,  -- 0: nobody has claimed it
    dispatcher TEXT,
    lease_boot TEXT,
    lease_until REAL,  -- seconds on the boot clock
    body BLOB
) STRICT;

CREATE INDEX deliveries_by_owner ON deliveries (owner);
CREATE INDEX deliveries_by_job ON deliveries (job) WHERE job IS NOT NULL;
CREATE INDEX deliveries_owed ON deliveries (job) WHERE status = 'pending';
CREATE INDEX deliveries_due ON deliveries (target, next_at) WHERE status = 'pending';
CREATE INDEX deliveries_held ON deliveries (target) WHERE dispatcher IS NOT NULL;
CREATE INDEX deliveries_dead ON deliveries (owner) WHERE status = 'dead';
CREATE INDEX deliveries_of_tests ON deliveries (created_at) WHERE job IS NULL;
CREATE UNIQUE INDEX deliveries_of_progress ON deliveries (job, endpoint)
WHERE occasion = 'job.progress' AND status = 'pending' AND fence = 0;

CREATE TABLE delivery_attempts (
    delivery INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    duration REAL NOT NULL,
    status INTEGER,
    error TEXT,
    answer BLOB NOT NULL,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

-- Targets that failed the last time.
CREATE TABLE circuits (
    target TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    open_until REAL
) STRICT, WITHOUT ROWID;

-- Whatever writes an event owes what that event is to be told to, in the same transaction. Of progress that nobody has begun to
-- send, only the newest is told. Every event comes by here, and IN would fill a table each time.
CREATE TRIGGER owed_to_endpoints AFTER INSERT ON events
WHEN (new.type = 'started' OR new.type = 'progress' OR new.type = 'completed' OR new.type = 'failed' OR new.type = 'cancelled')
    AND EXISTS (SELECT 1 FROM endpoints)
BEGIN
    INSERT INTO deliveries (id, owner, occasion, job, event, endpoint, url, target, created_at, next_at)
    SELECT
        'msg_' || lower(hex(randomblob(16))), jobs.owner, 'job.' || new.type, new.job, new.seq, endpoints.id, endpoints.url, endpoints.id,
        new.at, new.at
    FROM jobs CROSS JOIN endpoints ON endpoints.owner = jobs.owner
    WHERE jobs.seq = new.job AND disabled_at IS NULL AND instr(occasions, '"job.' || new.type || '"') > 0
    ON CONFLICT (job, endpoint) WHERE occasion = 'job.progress' AND status = 'pending' AND fence = 0
    DO UPDATE SET event = excluded.event;
END;

CREATE TRIGGER owed_to_callback AFTER INSERT ON events
WHEN new.type = 'completed' OR new.type = 'failed' OR new.type = 'cancelled'
BEGIN
    INSERT INTO deliveries (id, owner, occasion, job, event, url, target, created_at, next_at)
    SELECT 'msg_' || lower(hex(randomblob(16))), jobs.owner, 'job.' || new.type, new.job, new.seq, url, target, new.at, new.at
    FROM callbacks CROSS JOIN jobs ON jobs.seq = callbacks.job
    WHERE callbacks.job = new.job;
END;
