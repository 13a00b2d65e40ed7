INSERT INTO circuits (target, failures) VALUES (:target, 1)
ON CONFLICT (target) DO UPDATE SET
    failures = failures + 1,
    open_until = CASE WHEN failures + 1 >= :circuit THEN :now + min(:longest, :shortest * (1 << min(failures + 1 - :circuit, 30))) END
