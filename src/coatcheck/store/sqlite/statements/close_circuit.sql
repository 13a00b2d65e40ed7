DELETE FROM circuits WHERE target = :target
