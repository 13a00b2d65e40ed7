UPDATE {schema}.deliveries SET
    fence = CASE status WHEN 'pending' THEN fence ELSE fence + 1 END,
    attempts = CASE status WHEN 'pending' THEN attempts ELSE 0 END,
    status = 'pending',
    next_at = {now}
WHERE id = %(id)s
    AND (%(viewer)s::text IS NULL OR owner = %(viewer)s)
    AND (endpoint IS NULL OR (SELECT disabled_at IS NULL FROM {schema}.endpoints WHERE endpoints.id = deliveries.endpoint))
RETURNING id
