SELECT {job}, media_type, size, digest, blob, filename, CASE WHEN size <= :inline_limit THEN body END
FROM jobs LEFT JOIN results ON results.job = jobs.seq AND status = 'completed'
WHERE id = :id AND (:viewer IS NULL OR owner = :viewer)
