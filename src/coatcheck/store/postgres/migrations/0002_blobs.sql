-- compatible since 1
-- Results that are files. Both tables are written in one transaction, so that there is no blob with a part of its chunks.
CREATE TABLE {schema}.blobs (
    key text COLLATE "C" PRIMARY KEY,
    size bigint NOT NULL,
    digest text NOT NULL,
    written_at double precision NOT NULL
);

CREATE INDEX blobs_by_written_at ON {schema}.blobs (written_at);

CREATE TABLE {schema}.blob_chunks (
    blob text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (blob, number)
);

-- Not compressed: most files are already, and of what is not, a part can be read alone.
ALTER TABLE {schema}.blob_chunks ALTER COLUMN body SET STORAGE EXTERNAL;
