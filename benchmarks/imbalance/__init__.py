"""All answers to rare classes side by side, on two real sets."""
