"""Networks by their usual names, one family per file.  Nothing lives here yet."""
