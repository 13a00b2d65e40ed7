UPDATE deliveries SET
    fence = fence + (status <> 'pending'),
    attempts = CASE status WHEN 'pending' THEN attempts ELSE 0 END,
    status = 'pending',
    next_at = :now
WHERE id = :id
    AND (:viewer IS NULL OR owner = :viewer)
    AND (endpoint IS NULL OR (SELECT disabled_at IS NULL FROM endpoints WHERE endpoints.id = deliveries.endpoint))
