"""Initialisers by name.  Nothing lives here yet."""
