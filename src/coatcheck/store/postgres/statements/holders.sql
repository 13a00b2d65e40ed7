-- The index of the jobs is one by workers, that of the deliveries is as short as there are some on their way.
SELECT worker FROM {schema}.jobs WHERE worker IS NOT NULL
UNION
SELECT dispatcher FROM {schema}.deliveries WHERE dispatcher IS NOT NULL
