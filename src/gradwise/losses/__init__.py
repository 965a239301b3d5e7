"""Losses by name, where torch lacks them.  Nothing lives here yet."""
