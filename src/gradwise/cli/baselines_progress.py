"""What `gradwise baselines` shows while it works: what was read, what was chosen and why, a bar."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from gradwise.baselines.listening import Listener
from gradwise.cli.progress import Progress
from gradwise.data.examples import Choice


class BaselinesProgress(Listener):
    """Prints to standard error as a fit does; a bar on a terminal only."""

    def __init__(self, *, quiet: bool) -> None:
        self._lines = Progress(quiet=quiet)
        console = self._lines.console
        self._live = console.is_terminal and not console.is_dumb_terminal and not quiet
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
        self._bar = RichProgress(*columns, console=console, transient=True)
        self._only = self._bar.add_task("", total=None)

    def __enter__(self) -> BaselinesProgress:
        """Nothing is shown before something happens."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self.ended()

    def read(self, lines: Sequence[str]) -> None:
        """Show what was read."""
        self._lines.read(lines)

    def chose(self, choice: Choice) -> None:
        """Show a choice with its reason."""
        self._lines.chose(choice)

    def said(self, text: str) -> None:
        """Show a line."""
        self._lines.said(text)

    def moved(self, done: int, of: int, label: str) -> None:
        """Move the bar."""
        if self._live:
            self._bar.update(self._only, total=of, completed=done, description=label)
            self._bar.start()  # nothing happens the second time

    def ended(self) -> None:
        """Take the bar away before the table comes."""
        if self._live:
            self._bar.stop()
