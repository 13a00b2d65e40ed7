SELECT count(*) FROM {schema}.deliveries WHERE status = 'dead'
