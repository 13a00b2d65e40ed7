INSERT INTO delivery_attempts (delivery, number, at, duration, error, answer)
SELECT value, (SELECT coalesce(max(number), 0) + 1 FROM delivery_attempts WHERE delivery = value), :now, 0.0, :error, x''
FROM json_each(:deliveries)
