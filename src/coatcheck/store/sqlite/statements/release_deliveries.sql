UPDATE deliveries SET dispatcher = NULL, lease_boot = NULL, lease_until = NULL
WHERE dispatcher = :dispatcher
RETURNING seq
