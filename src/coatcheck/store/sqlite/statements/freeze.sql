UPDATE deliveries SET body = coalesce(body, :body) WHERE id = :id RETURNING body
