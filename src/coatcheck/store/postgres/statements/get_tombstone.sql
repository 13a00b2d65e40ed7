SELECT id, owner, expired_at FROM {schema}.tombstones WHERE id = %(id)s AND (%(viewer)s::text IS NULL OR owner = %(viewer)s)
