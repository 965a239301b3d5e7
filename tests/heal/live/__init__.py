"""Healing while a script runs: its parts by themselves."""
