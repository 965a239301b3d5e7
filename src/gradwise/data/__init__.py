"""Plain data files to batches.  Nothing lives here yet."""
