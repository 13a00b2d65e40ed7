UPDATE jobs SET notes = notes - :excess WHERE seq = :job
