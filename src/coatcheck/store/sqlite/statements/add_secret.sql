INSERT INTO secrets (holder, sealed, created_at) VALUES (:holder, :sealed, :now)
