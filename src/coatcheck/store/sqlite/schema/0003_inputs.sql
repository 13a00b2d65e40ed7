-- Files that jobs were submitted with, which their arguments refer to.
CREATE TABLE inputs (
    job INTEGER NOT NULL,
    blob TEXT NOT NULL,
    PRIMARY KEY (job, blob)
) STRICT, WITHOUT ROWID;

CREATE INDEX inputs_by_blob ON inputs (blob);
