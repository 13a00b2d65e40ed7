INSERT INTO arguments (job, body) VALUES (:job, :body)
