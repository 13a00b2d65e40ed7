DELETE FROM delivery_attempts WHERE delivery IN (SELECT value FROM json_each(:deliveries))
