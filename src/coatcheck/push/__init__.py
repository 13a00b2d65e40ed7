"""Sending webhooks: whom to, how, and what becomes of it."""
