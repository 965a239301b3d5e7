"""What `gradwise fit` shows while it works: what was read, what was chosen and why, a bar, the findings."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from gradwise.data.examples import Choice
from gradwise.fitting.listener import EpochNews, Listener, Moment

SHOWN_COLUMNS = 12  # lines about the data; the rest is counted
QUIET_EPOCHS = 10  # without a terminal, at most so many epochs get a line of their own


class Progress(Listener):
    """Prints to standard error; a bar only on a terminal, plain lines elsewhere, nothing when quiet."""

    def __init__(self, *, quiet: bool) -> None:
        colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.console = Console(
            file=sys.stderr, quiet=quiet, highlight=False, no_color=not colour, soft_wrap=True
        )
        self._live = self.console.is_terminal and not quiet
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._told = 0
        self._numbers = ""
        self._findings: tuple[str, ...] = ()

    def __enter__(self) -> Progress:
        """Nothing is shown before something happens."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Leave the screen as it is."""
        if self._bar is not None:
            self._bar.stop()

    def read(self, lines: Sequence[str]) -> None:
        """Show what was read."""
        for line in lines[:SHOWN_COLUMNS]:
            self._line("data", line)
        if len(lines) > SHOWN_COLUMNS:
            self._line("", f"... and {len(lines) - SHOWN_COLUMNS} more; `--json` lists all")

    def chose(self, choice: Choice) -> None:
        """Show a choice with its reason."""
        self._line(choice.name, f"{choice.value}  ({choice.reason})")

    def said(self, text: str) -> None:
        """Show a line."""
        self._line("", text)

    def moved(self, moment: Moment) -> None:
        """Move the bar."""
        if not self._live:
            return
        if self._bar is None:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[numbers]}"),
                TimeRemainingColumn(compact=True),
            )
            self._bar = Bar(*columns, console=self.console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task("", total=moment.epochs * moment.batches, numbers="")
        if self._task is not None:
            self._bar.update(
                self._task,
                completed=moment.epoch * moment.batches + moment.batch,
                description=f"epoch {min(moment.epoch + 1, moment.epochs)}/{moment.epochs}",
                numbers=self._numbers,
            )

    def finished_epoch(self, news: EpochNews) -> None:
        """Show the epoch's numbers: under the bar on a terminal, as a line elsewhere."""
        metrics = "  ".join(f"{name} {value:.4g}" for name, value in list(news.metrics.items())[:1])
        self._numbers = (
            f"loss {news.train_loss:.4g}  valid {news.valid_loss:.4g}  {metrics}  "
            f"rate {news.rate:.2g}  {news.examples_per_second:,.0f}/s"
        )
        self._told += 1
        rare = self._told <= QUIET_EPOCHS or self._told & (self._told - 1) == 0  # later: powers of two
        if not self._live and rare:
            best = "  best" if news.best else ""
            self._line(f"epoch {news.epoch}", self._numbers + best)

    def found(self, names: Sequence[str]) -> None:
        """Show findings that are new."""
        new = [name for name in names if name not in self._findings]
        self._findings = (*self._findings, *new)
        for name in new:
            self._line("doctor", f"{name}  (gradwise explain {name})", style="yellow")

    def _line(self, label: str, text: str, style: str = "") -> None:
        self.console.print(Text.assemble((f"{label:<14}", "bold"), (text, style)))
