"""A user's script as an editor sees it: parsed by LibCST, changed by replacing spans of its text."""
