DELETE FROM arguments WHERE job IN (SELECT value FROM json_each(:expired))
