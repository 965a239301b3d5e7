"""What guessing and a classical model would score on the same data."""
