"""Runs in processes of their own: `isolation="process"`."""
