INSERT INTO {schema}.deliveries (id, owner, occasion, endpoint, url, target, created_at, next_at, body)
VALUES (%(id)s, %(owner)s, %(occasion)s, %(endpoint)s, %(url)s, %(target)s, %(created_at)s, {now}, %(body)s)
ON CONFLICT (id) DO NOTHING
RETURNING id
