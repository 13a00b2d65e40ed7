INSERT INTO endpoints (id, owner, url, occasions, created_at)
SELECT :id, :owner, :url, :occasions, :created_at WHERE (SELECT count(*) FROM endpoints WHERE owner = :owner) < :limit
