"""Subscribers of the telemetry events."""
