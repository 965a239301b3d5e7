"""Commands for those who work on gradwise: pages from docstrings, a new rule, the demo."""
