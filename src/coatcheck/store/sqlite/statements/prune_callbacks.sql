DELETE FROM callbacks WHERE job IN (SELECT value FROM json_each(:expired))
