"""Diagnosis and trace → terminal text, JSON, one-file HTML, notebook fragment.  No torch here."""
