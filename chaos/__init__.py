"""A storm of kills and freezes, and the checker of what is left after it. `python -m chaos --help`."""
