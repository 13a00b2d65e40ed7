UPDATE endpoints SET disabled_at = :now, disabled_reason = :reason WHERE id = :id AND disabled_at IS NULL
