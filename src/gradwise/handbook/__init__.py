"""The catalogue of ailments and cures, and the pages about them.  No torch here."""
