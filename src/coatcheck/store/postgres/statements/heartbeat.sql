-- Many jobs at once, locked in the order of their rows, as all who lock several do. Nobody sees a lease, so that its commit need
-- not wait for the disk.
WITH moment AS MATERIALIZED (SELECT {seconds} AS seconds, set_config('synchronous_commit', 'off', true)),
held AS MATERIALIZED (
    SELECT jobs.seq, jobs.worker FROM {schema}.jobs JOIN unnest(%(id)s, %(fence)s) AS asked (id, fence) USING (id, fence)
    ORDER BY jobs.seq
    FOR UPDATE OF jobs
)
UPDATE {schema}.jobs SET lease_until = least(seconds + %(lease)s, lease_limit)
FROM held, moment
WHERE jobs.seq = held.seq AND held.worker = %(worker)s
RETURNING id, cancel_requested_at IS NOT NULL
