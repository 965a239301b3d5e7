"""Candidates, re-runs, controls: is the cured run better, and by how much.  Nothing lives here yet."""
