SELECT count(*) FROM deliveries WHERE status = 'dead'
