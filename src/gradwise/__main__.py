"""``python -m gradwise`` is the ``gradwise`` command."""

from __future__ import annotations

from gradwise.cli.app import main

if __name__ == "__main__":
    main()
