"""The style sheet and script that every HTML report carries inside."""
