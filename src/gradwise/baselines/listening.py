"""Whoever wants to see a comparison while it runs: the command line, a notebook, a test."""

from __future__ import annotations

from collections.abc import Sequence

from gradwise.data.examples import Choice


class Listener:
    """Hears everything, does nothing; subclasses override what they want to hear."""

    def read(self, lines: Sequence[str]) -> None:
        """The data was read: one line per column or fact."""

    def chose(self, choice: Choice) -> None:
        """A setting was chosen for the user."""

    def said(self, text: str) -> None:
        """Something worth a line happened."""

    def moved(self, done: int, of: int, label: str) -> None:
        """So many parts of the work are done, and ``label`` is under way."""

    def ended(self) -> None:
        """Nothing more is tried."""
