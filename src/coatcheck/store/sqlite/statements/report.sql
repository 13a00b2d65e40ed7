UPDATE jobs SET version = version + 1, last_event = last_event + :count, notes = notes + :count
WHERE id = :id AND status = 'running' AND fence = :fence
RETURNING seq, last_event, notes, cancel_requested_at IS NOT NULL
