SELECT seq FROM deliveries WHERE id = :before AND (:viewer IS NULL OR owner = :viewer)
