"""Penalties, constraints and averaging by name.  Nothing lives here yet."""
