"""Following what happens to jobs."""
