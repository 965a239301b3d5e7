"""Healing fits."""
