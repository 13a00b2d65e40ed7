SELECT {endpoint} FROM endpoints WHERE owner = :viewer ORDER BY created_at, id
