INSERT INTO tombstones (id, seq, owner, expired_at, forget_at)
SELECT id, seq, owner, :now, :forget_at FROM jobs WHERE seq IN (SELECT value FROM json_each(:expired))
