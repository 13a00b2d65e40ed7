"""Programs that jobs run."""
