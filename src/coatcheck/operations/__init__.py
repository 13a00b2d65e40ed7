"""What a user registered."""
