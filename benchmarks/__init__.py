"""Measurements, each beside a control in the same run. `python -m benchmarks --help`."""
