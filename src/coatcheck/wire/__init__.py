"""Formats that both ends share: pure, no I/O."""
