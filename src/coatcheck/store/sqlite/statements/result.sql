SELECT media_type, size, digest, blob, filename, body
FROM jobs JOIN results ON results.job = jobs.seq
WHERE id = :id AND status = 'completed' AND (:viewer IS NULL OR owner = :viewer)
