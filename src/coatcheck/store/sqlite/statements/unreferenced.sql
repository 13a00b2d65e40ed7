SELECT value FROM json_each(:blobs) AS wanted
WHERE NOT EXISTS (SELECT 1 FROM results WHERE blob = wanted.value) AND NOT EXISTS (SELECT 1 FROM inputs WHERE blob = wanted.value)
