SELECT substr(body, %(offset)s::integer + 1, %(length)s::integer) FROM {schema}.blob_chunks WHERE blob = %(key)s AND number = %(number)s
