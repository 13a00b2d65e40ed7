UPDATE deliveries SET attempts = attempts + 1, dispatcher = NULL, lease_boot = NULL, lease_until = NULL
WHERE dispatcher = :dispatcher
RETURNING seq
