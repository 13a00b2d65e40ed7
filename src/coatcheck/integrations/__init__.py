"""How host frameworks serve our routes."""
