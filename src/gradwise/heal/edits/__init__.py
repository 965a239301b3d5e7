"""The edit of a script's source that has the same effect as a treatment: one cure, one file."""
