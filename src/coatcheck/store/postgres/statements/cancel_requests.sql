SELECT id FROM {schema}.jobs WHERE worker = %(worker)s AND cancel_requested_at IS NOT NULL
