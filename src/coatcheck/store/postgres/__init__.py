"""Jobs in a PostgreSQL schema, shared by any number of hosts."""
