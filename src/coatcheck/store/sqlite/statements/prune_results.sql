DELETE FROM results WHERE job IN (SELECT value FROM json_each(:expired)) RETURNING blob
