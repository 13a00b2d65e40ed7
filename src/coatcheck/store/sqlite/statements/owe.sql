INSERT INTO deliveries (id, owner, occasion, endpoint, url, target, created_at, next_at, body)
VALUES (:id, :owner, :occasion, :endpoint, :url, :target, :created_at, :now, :body)
ON CONFLICT (id) DO NOTHING
