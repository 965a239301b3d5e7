"""The training loop that one can read in a sitting.  Nothing lives here yet."""
