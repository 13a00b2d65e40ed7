-- Of PostgreSQL only: says whether this server may be written, which a standby may not.
SELECT current_setting('transaction_read_only') = 'off' FROM {schema}.migrations LIMIT 1
