"""Sick and healthy runs, one file per rule."""
