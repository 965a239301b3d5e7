"""Healing while a script runs: good states on disk, the return to one, the mildest cure that fits."""
