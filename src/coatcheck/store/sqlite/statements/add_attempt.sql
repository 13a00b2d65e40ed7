INSERT INTO delivery_attempts (delivery, number, at, duration, status, error, answer)
SELECT :delivery, coalesce(max(number), 0) + 1, :at, :duration, :answered, :error, :answer
FROM delivery_attempts WHERE delivery = :delivery
RETURNING number
