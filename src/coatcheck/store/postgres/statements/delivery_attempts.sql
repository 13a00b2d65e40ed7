SELECT delivery, number, at, duration, status, error, answer FROM {schema}.delivery_attempts
WHERE delivery = ANY (%(deliveries)s)
ORDER BY delivery, number
