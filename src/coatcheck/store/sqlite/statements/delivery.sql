SELECT {delivery} FROM deliveries WHERE id = :id AND (:viewer IS NULL OR owner = :viewer)
