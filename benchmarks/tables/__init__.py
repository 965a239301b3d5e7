"""Memory and time of a whole fit on a table of a million rows."""
