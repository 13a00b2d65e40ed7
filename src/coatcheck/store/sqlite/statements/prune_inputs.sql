DELETE FROM inputs WHERE job IN (SELECT value FROM json_each(:expired)) RETURNING blob
