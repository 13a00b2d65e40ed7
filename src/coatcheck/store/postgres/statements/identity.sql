-- Which tables these are: of all servers and databases, only one has the same.
SELECT extract(epoch FROM pg_postmaster_start_time())::double precision, current_database()::text, to_regclass('{schema}.jobs')::bigint
