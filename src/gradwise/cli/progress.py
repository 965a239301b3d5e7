"""What `gradwise fit` shows while it works: what was read, what was chosen and why, a bar, the findings."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console, RenderableType
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from gradwise.cli.screen import shown_path
from gradwise.data.examples import Choice
from gradwise.fitting.listener import EpochNews, Listener, Moment
from gradwise.report.terminal import printable

SHOWN_COLUMNS = 12  # lines about the data; the rest is counted
QUIET_EPOCHS = 10  # without a terminal, so many epochs get a line of their own in any case
QUIET_SECONDS = 30.0  # later ones when the last line is that old, and the last epoch of all
LABEL = 14  # columns of a label
NARROW = 60  # columns: a narrower terminal wraps under the first letters, not under the text
NARROWEST = 20  # columns: below, nothing is wrapped any more
BAR = (8, 24)  # columns of the bar, narrow and wide


class Progress(Listener):
    """Prints to standard error; a bar only on a terminal, plain lines elsewhere, nothing when quiet."""

    def __init__(self, *, quiet: bool) -> None:
        colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.console = Console(
            file=sys.stderr, quiet=quiet, highlight=False, no_color=not colour, soft_wrap=True
        )
        self._live = self.console.is_terminal and not self.console.is_dumb_terminal and not quiet
        self._bar: _Bar | None = None
        self._last: EpochNews | None = None
        self._untold: EpochNews | None = None
        self._told = 0
        self._told_at = time.monotonic()
        self._findings: tuple[str, ...] = ()
        self._directory = ""
        self._deaf = False

    def __enter__(self) -> Progress:
        """Nothing is shown before something happens."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Take the bar away; after a Ctrl-C say what is left."""
        self._close()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            after = f"gradwise fit --resume {self._directory}" if self._directory else ""
            self._line("interrupted", after or "before training began; nothing was kept")

    def read(self, lines: Sequence[str]) -> None:
        """Show what was read."""
        for line in lines[:SHOWN_COLUMNS]:
            self._line("data", line)
        if len(lines) > SHOWN_COLUMNS:
            self._line("", f"... and {len(lines) - SHOWN_COLUMNS} more")

    def chose(self, choice: Choice) -> None:
        """Show a choice with its reason."""
        self._line(choice.name, f"{choice.value}  ({choice.reason})")

    def said(self, text: str) -> None:
        """Show a line."""
        self._line("", text)

    def began(self, directory: str) -> None:
        """Show where everything is kept, so that it is known also after a crash."""
        self._directory = shown_path(Path(directory))
        self._line("run", self._directory)

    def moved(self, moment: Moment) -> None:
        """Move the bar."""
        if not self._live:
            return
        if self._bar is None:
            self._bar = _Bar(self.console)
        self._bar.show(moment, _numbers(moment, self._last))
        self._bar.start()  # nothing happens the second time

    def finished_epoch(self, news: EpochNews) -> None:
        """Show the epoch's numbers: under the bar on a terminal, as a line elsewhere."""
        self._last = self._untold = news
        if self._live:
            return
        old = time.monotonic() - self._told_at >= QUIET_SECONDS
        if self._told < QUIET_EPOCHS or old:
            self._tell_epoch()

    def found(self, names: Sequence[str]) -> None:
        """Show findings: under the bar while there is one, the new ones as lines elsewhere."""
        new = [name for name in names if name not in self._findings]
        self._findings = (*self._findings, *new)
        if self._bar is not None:
            self._bar.findings = self._findings
        elif not self._live:
            for name in new:
                self._line("doctor", _finding(name), style="yellow")

    def ended(self, why: str) -> None:
        """Show the last epoch, which the bar no longer does, and why it was the last."""
        self._close()
        self._tell_epoch()
        if why:
            self._line("", why)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _tell_epoch(self) -> None:
        news, self._untold = self._untold, None
        if news is not None:
            self._told, self._told_at = self._told + 1, time.monotonic()
            best = "  best" if news.best else ""
            # A terminal has shown the speed, and 80 columns hold no more.
            speed = "" if self._live else f"  {news.examples_per_second:,.0f}/s"
            self._line(f"epoch {news.epoch}", _epoch_numbers(news) + speed + best)

    def _line(self, label: str, text: str, style: str = "") -> None:
        head = f"{label:<{LABEL - 1}} "
        lines = [text]
        if self._live:  # elsewhere one line stays one line
            width = max(self.console.width, NARROWEST)
            indent = " " * (LABEL if width >= NARROW else 2)
            lines = textwrap.wrap(
                head + text, width, subsequent_indent=indent, break_on_hyphens=False, drop_whitespace=True
            ) or [head]
            lines[0] = lines[0][len(head) :] if len(lines[0]) > len(head) else ""
        body = printable("\n".join(lines), self.console.encoding)
        self._show(Text.assemble((head, "bold"), (body, style)))

    def _show(self, text: Text) -> None:
        """Print, while anybody can read it: a full disk under the log must not end the training."""
        if not self._deaf:
            try:
                self.console.print(text)
            except OSError:
                self._deaf = True


class _Bar(RichProgress):
    """One line with the bar, the numbers under it, the findings under them."""

    def __init__(self, console: Console) -> None:
        wide = console.width >= NARROW
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=BAR[wide], complete_style="green"),
            TaskProgressColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("left" if wide else ""),
        )
        self.numbers, self.findings = "", ()  # type: str, tuple[str, ...]
        self._width = max(console.width, NARROWEST)
        super().__init__(*columns, console=console, transient=True)
        self._only = self.add_task("", total=None)

    def show(self, moment: Moment, numbers: str) -> None:
        """Where training stands."""
        self.numbers = numbers
        self.update(
            self._only,
            total=moment.epochs * moment.batches,
            completed=moment.epoch * moment.batches + moment.batch,
            description=f"epoch {min(moment.epoch + 1, moment.epochs)}/{moment.epochs}",
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """The lines from top to bottom."""
        yield from super().get_renderables()
        yield from (Text(line) for line in textwrap.wrap(self.numbers, self._width))
        for name in self.findings:
            yield Text(f"doctor  {_finding(name)}", style="yellow")


def _finding(name: str) -> str:
    return f"{name}  (gradwise explain {name})"


def _numbers(moment: Moment, last: EpochNews | None) -> str:
    """The loss of the epoch under way, and the last epoch's judgement."""
    parts = [f"loss {moment.loss:.4g}"] if moment.loss == moment.loss else []
    if last is not None:
        parts += [f"valid {last.valid_loss:.4g}", *_metric(last)]
    return "  ".join([*parts, f"rate {moment.rate:.2g}", f"{moment.examples_per_second:,.0f}/s"])


def _epoch_numbers(news: EpochNews) -> str:
    parts = [f"loss {news.train_loss:.4g}", f"valid {news.valid_loss:.4g}", *_metric(news)]
    return "  ".join([*parts, f"rate {news.rate:.2g}"])


def _metric(news: EpochNews) -> list[str]:
    """The main metric, where there is one."""
    return [f"{name} {value:.4g}" for name, value in list(news.metrics.items())[:1]]
