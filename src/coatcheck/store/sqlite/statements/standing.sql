-- Differs because many values are one parameter in another way.
SELECT id, version, status FROM jobs WHERE id IN (SELECT value FROM json_each(:ids))
