-- The index of the jobs is one by workers, that of the deliveries is as short as there are some on their way.
SELECT DISTINCT worker FROM jobs WHERE status = 'running'
UNION ALL
SELECT dispatcher FROM deliveries WHERE dispatcher IS NOT NULL
