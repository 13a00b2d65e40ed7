-- Of PostgreSQL only: an answer can be lost between the server and us.
SELECT {job} FROM {schema}.jobs WHERE worker = %(worker)s
