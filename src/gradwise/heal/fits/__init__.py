"""Healing a fit: its cures are its own settings, so that what is kept is an ordinary fit."""
