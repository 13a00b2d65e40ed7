"""Where file and bytes results are kept: outside the job's row, never whole in memory."""
