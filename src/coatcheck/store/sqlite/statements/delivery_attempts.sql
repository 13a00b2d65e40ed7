SELECT delivery, number, at, duration, status, error, answer FROM delivery_attempts
WHERE delivery IN (SELECT value FROM json_each(:deliveries))
ORDER BY delivery, number
