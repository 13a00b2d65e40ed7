SELECT 1 FROM json_each(:operations) AS wanted
WHERE EXISTS (
    SELECT 1 FROM jobs WHERE status = 'queued' AND operation = wanted.value AND delayed = :delayed AND not_before <= :until
)
LIMIT 1
