DELETE FROM secrets WHERE holder = :holder
