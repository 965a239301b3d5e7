"""How often a proven cure reaches what the mended script reaches."""
