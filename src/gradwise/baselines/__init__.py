"""What a classical model would score on the same data.  Nothing lives here yet."""
