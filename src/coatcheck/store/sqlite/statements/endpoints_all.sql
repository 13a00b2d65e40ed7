SELECT {endpoint} FROM endpoints ORDER BY owner, created_at, id
