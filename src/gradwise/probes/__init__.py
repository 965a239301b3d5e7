"""Small interventions on a forked copy of a run, to decide between causes.  Nothing lives here yet."""
