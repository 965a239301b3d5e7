"""The training loop that one can read in a sitting, and what belongs to it: batches, checkpoints, trials."""
