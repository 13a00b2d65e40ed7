INSERT INTO {schema}.blob_chunks (blob, number, body) VALUES (%(key)s, %(number)s, %(body)s)
