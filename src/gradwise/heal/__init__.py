"""Cures given to a running script, by a treatment that can be kept and shared."""
