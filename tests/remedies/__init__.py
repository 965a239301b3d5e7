"""What cures do to a running script."""
