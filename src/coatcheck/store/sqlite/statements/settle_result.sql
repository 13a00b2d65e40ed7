INSERT INTO results (job, media_type, size, digest, blob, filename, body)
VALUES (?, ?, ?, ?, ?, ?, ?)
