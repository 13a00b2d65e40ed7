-- Of PostgreSQL only: says whether this server may be written, which a standby may not, and what time it is there.
SELECT current_setting('transaction_read_only') = 'off', {now} FROM {schema}.migrations LIMIT 1
