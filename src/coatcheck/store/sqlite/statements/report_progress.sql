UPDATE jobs SET percent = :percent, message = :message, current = :current, total = :total, unit = :unit WHERE seq = :job
