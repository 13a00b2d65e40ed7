SELECT operation, queued, running FROM depths WHERE queued > 0 OR running > 0
