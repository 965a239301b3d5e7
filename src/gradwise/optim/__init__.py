"""Optimizers and schedules by name, where torch and SciPy lack them.  Nothing lives here yet."""
