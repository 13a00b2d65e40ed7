DELETE FROM secrets WHERE ends_at <= :now
