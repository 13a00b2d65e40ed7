-- The lock keeps a settlement, a rescue and the next claim from coming between the look at the fence and the write.
WITH held AS MATERIALIZED (
    SELECT seq FROM {schema}.jobs WHERE id = %(id)s AND status = 'running' AND fence = %(fence)s FOR NO KEY UPDATE
)
INSERT INTO {schema}.checkpoints (job, body) SELECT seq, %(body)s FROM held
ON CONFLICT (job) DO UPDATE SET body = excluded.body
RETURNING job
