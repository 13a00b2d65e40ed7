-- compatible since 3
-- An older Coatcheck would sweep the files away that waiting jobs refer to.
CREATE TABLE {schema}.inputs (
    job bigint NOT NULL,
    blob text COLLATE "C" NOT NULL,
    PRIMARY KEY (job, blob)
);

CREATE INDEX inputs_by_blob ON {schema}.inputs (blob);
