DELETE FROM endpoints WHERE id = :id AND (:viewer IS NULL OR owner = :viewer) RETURNING id
