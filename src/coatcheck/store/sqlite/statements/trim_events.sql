DELETE FROM events
WHERE job = :job
    AND seq IN (SELECT seq FROM events WHERE job = :job AND type IN ('progress', 'log') ORDER BY seq LIMIT :excess)
