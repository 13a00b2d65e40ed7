INSERT INTO callbacks (job, url, target) VALUES (:job, :url, :target)
