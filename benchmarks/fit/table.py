"""From results to ratios, bars and a Markdown table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.fit.meter import Result
from benchmarks.fit.workloads import Workload

OURS, BARE, PLAIN, TUNED = "gradwise", "gradwise-no-doctor", "plain", "hand-tuned"
BAR_TUNED = 0.95  # of the hand-tuned loop's samples/s, at least
BAR_PEER = 1.0  # of any peer's
BAR_DOCTOR = 0.98  # of gradwise's own without the doctor: the doctor costs 2 % at most


@dataclass
class Cell:
    """One peer on one workload: a result per repetition, or a note why there is none."""

    workload: Workload
    peer: str
    title: str
    results: list[Result] = field(default_factory=list)
    note: str = ""

    @property
    def speed(self) -> float:
        """Median samples per second; 0 where nothing was measured."""
        return median(result.samples_per_second for result in self.results) if self.results else 0.0


@dataclass(frozen=True)
class Bar:
    """A promise: what was measured (None: nothing), and the least it must be."""

    workload: str
    what: str
    measured: float | None
    least: float

    @property
    def holds(self) -> bool:
        return self.measured is not None and self.measured >= self.least


def ratio(cell: Cell, base: Cell) -> float | None:
    """Samples/s over the base's, paired by repetition: the median; None where either is missing."""
    pairs = zip(cell.results, base.results, strict=False)
    ratios = [mine.samples_per_second / theirs.samples_per_second for mine, theirs in pairs]
    return median(ratios) if ratios else None


def bars(cells: Sequence[Cell]) -> list[Bar]:
    """Every promise that these cells can be asked about; a peer that is not there was not beaten."""
    made = []
    for work, row in grouped(cells):
        if OURS not in row:
            continue
        ours = row[OURS]
        for name, cell in row.items():
            if name in (OURS, BARE):
                continue
            least = {PLAIN: work.bar, TUNED: BAR_TUNED}.get(name, BAR_PEER)
            made.append(Bar(work.name, f"samples/s over {cell.title}", ratio(ours, cell), least))
        if BARE in row:
            shares = [result.doctor_ratio for result in row[BARE].results if result.doctor_ratio is not None]
            cost = median(shares) if shares else None
            made.append(Bar(work.name, "samples/s with the doctor over without", cost, BAR_DOCTOR))
        times = [result.seconds_to_target for result in ours.results if result.sought]
        if times:
            reached = sum(time is not None for time in times) / len(times)
            made.append(Bar(work.name, f"share of runs that reach {work.target:.3f}", reached, 1.0))
    return made


def grouped(cells: Iterable[Cell]) -> list[tuple[Workload, dict[str, Cell]]]:
    """Cells by workload, in their order."""
    rows: dict[str, tuple[Workload, dict[str, Cell]]] = {}
    for cell in cells:
        rows.setdefault(cell.workload.name, (cell.workload, {}))[1][cell.peer] = cell
    return list(rows.values())


def markdown(cells: Sequence[Cell]) -> str:
    """One table per workload, as README and RESULTS take it."""
    lines: list[str] = []
    for work, row in grouped(cells):
        lines += [
            f"**{work.title}**; target accuracy {work.target:.3f}",
            "",
            "| loop | samples/s | x plain | x hand-tuned | s to target | samples to target | accuracy | peak MiB |",
            "|---|--:|--:|--:|--:|--:|--:|--:|",
        ]
        lines += [_line(cell, row) for cell in row.values()]
        lines.append("")
    return "\n".join(lines)


def _line(cell: Cell, row: dict[str, Cell]) -> str:
    if not cell.results:
        return f"| {cell.title} | {cell.note} | | | | | | |"
    speeds = [result.samples_per_second for result in cell.results]
    spread = f" ({min(speeds):,.0f}–{max(speeds):,.0f})" if len(speeds) > 1 else ""
    fields = [
        cell.title,
        f"{median(speeds):,.0f}{spread}",
        _times(ratio(cell, row[PLAIN])) if PLAIN in row else "",
        _times(ratio(cell, row[TUNED])) if TUNED in row else "",
        _middle([result.seconds_to_target for result in cell.results if result.sought], "{:,.1f}"),
        _middle([result.samples_to_target for result in cell.results if result.sought], "{:,.0f}"),
        f"{median(result.accuracy for result in cell.results):.3f}",
        f"{median(result.peak_memory_bytes for result in cell.results) / 2**20:,.0f}",
    ]
    return "| " + " | ".join(fields) + " |"


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _middle(values: Sequence[float | None], form: str) -> str:
    """Median; "not reached" where a run did not get there; a dash where none was to."""
    if not values:
        return "–"
    known = [value for value in values if value is not None]
    if len(known) == len(values):
        return form.format(median(known))
    return f"not reached in {len(values) - len(known)} of {len(values)}"


def judged(promises: Sequence[Bar]) -> str:
    """The bars as a Markdown table."""
    lines = ["| workload | bar | measured | at least | |", "|---|---|--:|--:|---|"]
    for bar in promises:
        measured = "not measured" if bar.measured is None else f"{bar.measured:.2f}"
        verdict = "holds" if bar.holds else "MISSED"
        lines.append(f"| {bar.workload} | {bar.what} | {measured} | {bar.least:.2f} | {verdict} |")
    return "\n".join(lines)
