-- Locked in the order of their rows, and committed without waiting for the disk: see heartbeat.sql.
WITH moment AS MATERIALIZED (SELECT {seconds} AS seconds, set_config('synchronous_commit', 'off', true)),
held AS MATERIALIZED (
    SELECT seq FROM {schema}.jobs WHERE worker = %(worker)s ORDER BY seq FOR UPDATE
)
UPDATE {schema}.jobs SET lease_until = least(seconds + %(lease)s, lease_limit)
FROM held, moment
WHERE jobs.seq = held.seq
RETURNING jobs.seq
