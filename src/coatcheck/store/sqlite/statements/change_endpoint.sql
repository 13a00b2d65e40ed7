UPDATE endpoints SET
    url = coalesce(:url, url),
    occasions = coalesce(:occasions, occasions),
    disabled_at = CASE WHEN :disabled IS NULL THEN disabled_at WHEN :disabled THEN coalesce(disabled_at, :now) END,
    disabled_reason = CASE WHEN :disabled IS NULL THEN disabled_reason WHEN :disabled THEN coalesce(disabled_reason, :reason) END
WHERE id = :id AND (:viewer IS NULL OR owner = :viewer)
RETURNING {endpoint}
