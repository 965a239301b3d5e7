"""The ``gradwise`` command: verbs that parse, call and print."""
