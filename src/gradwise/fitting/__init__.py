"""From a data file to a network that works: choices, training, verdict, and the use of the result."""
