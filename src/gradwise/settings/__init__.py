"""What a project decides about the exam, in its ``pyproject.toml`` or ``gradwise.toml``."""
