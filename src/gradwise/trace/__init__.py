"""What was seen: signals, facts, findings, and the run file that holds them.  No torch here."""
