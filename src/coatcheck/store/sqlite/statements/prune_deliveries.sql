DELETE FROM deliveries WHERE job IN (SELECT value FROM json_each(:expired)) RETURNING seq
