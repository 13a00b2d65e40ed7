SELECT id, version, status FROM {schema}.jobs WHERE id = ANY (%(ids)s)
