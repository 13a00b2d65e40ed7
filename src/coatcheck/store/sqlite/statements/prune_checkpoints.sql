DELETE FROM checkpoints WHERE job IN (SELECT value FROM json_each(:expired))
