"""What `gradwise search` shows while it works: the choices, a bar with the best so far, a line per trial."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from rich.console import Console, RenderableType
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from gradwise.cli.progress import BAR, NARROW, NARROWEST, Progress
from gradwise.cli.screen import shown_path
from gradwise.cli.search_outcome import settings_of
from gradwise.search.listener import SearchListener, Standing, TrialNews


class SearchProgress(Progress, SearchListener):
    """Prints to standard error; a bar only on a terminal, plain lines elsewhere, nothing when quiet."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__(quiet=quiet)
        self._trials: _TrialBar | None = None

    def __enter__(self) -> SearchProgress:
        """Nothing is shown before something happens."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Take the bar away; after a Ctrl-C before the first trial say that nothing is kept."""
        self._close()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            after = f"gradwise search --resume {self._directory}" if self._directory else ""
            self._line("interrupted", after or "before the first trial; nothing was kept")

    def began(self, directory: str) -> None:
        """Show where the study is."""
        self._directory = shown_path(Path(directory))
        self._line("search", self._directory)
        self._line("", f"another worker joins with gradwise search --resume {self._directory}")

    def trial_moved(self, number: int, epoch: int, epochs: int, standing: Standing) -> None:
        """Move the bar."""
        if self._live:
            self._shown().show(f"trial {number}", epoch / epochs, standing)

    def trial_ended(self, news: TrialNews, standing: Standing) -> None:
        """A line for the trial; on a terminal only for the default and a new best."""
        best = standing.best is not None and standing.best.number == news.number
        if not self._live or best or news.default:
            self._line(f"trial {news.number}", told(news, standing.metric) + ("  best" if best else ""))

    def confirming(self, done: int, trainings: int) -> None:
        """Move the bar of the confirmation."""
        if self._live:
            self._shown().confirm(done, trainings)
        elif done == 0:
            self._line("confirm", f"{trainings} trainings with fresh seeds, winner and default in turn")

    def ended(self, why: str) -> None:
        """Trials are over."""
        self._close()
        if why == "interrupted":
            self._line("", "interrupted; the trial under way is put back, all others are kept")

    def _shown(self) -> _TrialBar:
        if self._trials is None:
            self._trials = _TrialBar(self.console)
            self._trials.start()
        return self._trials

    def _close(self) -> None:
        super()._close()
        if self._trials is not None:
            self._trials.stop()
            self._trials = None


class _TrialBar(RichProgress):
    """One line with the bar, the best so far under it."""

    def __init__(self, console: Console) -> None:
        wide = console.width >= NARROW
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=BAR[wide], complete_style="green"),
            TaskProgressColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("left" if wide else ""),
        )
        self.numbers = ""
        self._width = max(console.width, NARROWEST)
        super().__init__(*columns, console=console, transient=True)
        self._only = self.add_task("", total=None)

    def show(self, trial: str, part: float, standing: Standing) -> None:
        """How far the search is: by trials, or by time where that is the limit."""
        done = standing.done + part
        total: float | None = standing.wanted
        if standing.limit is not None:
            by_time = standing.seconds / standing.limit
            by_trials = done / total if total else 0.0
            done, total = max(by_time, by_trials), 1.0
        of = f"/{standing.wanted}" if standing.wanted else ""
        self.numbers = _standing(standing)
        self.update(self._only, total=total, completed=done, description=f"{trial}, {standing.done}{of} done")

    def confirm(self, done: int, trainings: int) -> None:
        """How far the confirmation is."""
        self.numbers = "winner and default with fresh seeds"
        self.update(self._only, total=trainings, completed=done, description="confirming")

    def get_renderables(self) -> Iterable[RenderableType]:
        """The lines from top to bottom."""
        yield from super().get_renderables()
        if self.numbers:
            yield Text(self.numbers[: self._width])


def told(news: TrialNews, metric: str) -> str:
    """A trial in one line."""
    if news.state in ("failed", "dropped"):
        return f"{news.state}: {news.why}"
    score = f"{metric} {news.value:.4g}  " if news.value is not None else ""
    settings = "fit's own defaults" if news.default else settings_of(news)
    pruned = "  pruned" if news.state == "pruned" else ""
    return f"{score}{news.epochs} epochs {news.seconds:.1f} s{pruned}  {settings}"


def _standing(standing: Standing) -> str:
    parts = []
    if standing.best is not None and standing.best.value is not None:
        parts.append(f"best {standing.metric} {standing.best.value:.4g} (trial {standing.best.number})")
    if standing.default is not None and standing.default.value is not None:
        parts.append(f"default {standing.default.value:.4g}")
    return "  ".join(parts)
