"""What `gradwise heal` shows while it works: a line for each run, on a terminal also what runs now."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.status import Status

from gradwise.cli.progress import LABEL
from gradwise.cli.screen import shown_path
from gradwise.heal.making import Listener
from gradwise.heal.trial import Ran, Trial
from gradwise.report.terminal import printable


class HealProgress(Listener):
    """Prints to standard error: plain lines, on a terminal a status line too, nothing when quiet.

    Args:
        directory: where all is kept.
        script: as it is shown.
        quiet: whether to say nothing.
    """

    def __init__(self, directory: Path, script: str, *, quiet: bool) -> None:
        colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.console = Console(
            file=sys.stderr, quiet=quiet, highlight=False, no_color=not colour, soft_wrap=True
        )
        self._live = self.console.is_terminal and not self.console.is_dumb_terminal and not quiet
        self._directory, self._script = shown_path(directory), script
        self._status: Status | None = None

    def __enter__(self) -> HealProgress:
        """Say where all is kept."""
        self._line("heal", f"{self._script}, kept in {self._directory}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Take the status line away; after a Ctrl-C say how to go on."""
        self._close()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            after = f"gradwise heal --resume --out {self._directory} {self._script}"
            self._line("interrupted", f"all runs that ended are kept; go on with {after}")

    def phase(self, name: str, text: str) -> None:
        """Show what begins."""
        self._close()
        self._line(name, text)

    def begins(self, name: str, trial: Trial, spent: float, budget: float) -> None:
        """Show what runs now, on a terminal."""
        if not self._live:
            return
        text = f"{_run(name, trial)}  ({spent:.0f} of {budget:.0f} s spent)"
        if self._status is None:
            self._status = self.console.status(text)
            self._status.start()
        self._status.update(text)

    def ran(self, name: str, ran: Ran, value: float | None) -> None:
        """A line for the run."""
        trial = Trial(shift=ran.shift, max_steps=ran.max_steps)
        told = ran.error if not ran.held else "" if value is None else f"{value:.5g}"
        self._line("", f"{_run(name, trial)}  {told or ran.status}  {ran.steps:,} steps {ran.seconds:.1f} s")

    def note(self, text: str) -> None:
        """Show a sentence."""
        self._line("note", text)

    def _line(self, label: str, text: str) -> None:
        line = printable(f"{label:<{LABEL}}{text}", self.console.encoding)
        self.console.print(line.rstrip(), markup=False)

    def _close(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def _run(name: str, trial: Trial) -> str:
    seed = f", seed shift {trial.shift}" if trial.shift else ""
    short = f", {trial.max_steps:,} steps" if trial.max_steps is not None else ""
    return f"{name}{seed}{short}"
