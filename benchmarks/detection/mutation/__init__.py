"""Mutation: one edit makes a healthy script sick. `python -m benchmarks.detection.mutation`."""
