UPDATE deliveries SET
    fence = fence + 1,
    dispatcher = :dispatcher,
    lease_boot = :boot_id,
    lease_until = :seconds + :lease
WHERE seq IN (SELECT value FROM json_each(:due)) AND status = 'pending'
RETURNING {delivery}, fence, body
