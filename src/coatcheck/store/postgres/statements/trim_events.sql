-- The oldest go and the count of those kept follows, at once.
WITH gone AS (
    DELETE FROM {schema}.events
    WHERE job = %(job)s
        AND seq IN (SELECT seq FROM {schema}.events WHERE job = %(job)s AND type = ANY (%(prunable)s) ORDER BY seq LIMIT %(excess)s)
    RETURNING seq
)
UPDATE {schema}.jobs SET notes = notes - (SELECT count(*) FROM gone) WHERE seq = %(job)s RETURNING notes
