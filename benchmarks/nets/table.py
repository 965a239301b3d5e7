"""From results to a Markdown table and to the bar: nothing is broken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.nets.cell import Result
from benchmarks.nets.rows import Row

TITLES = {
    "fashion": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
    "crop": "UCR Crop",
    "adding": "adding problem, 50 steps",
    "imdb": "IMDB, 128 words",
    "adult": "Adult",
}


@dataclass
class Line:
    """A row with its result, or a note why there is none."""

    row: Row
    result: Result | None = None
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether it was measured and nothing in it was broken."""
        return self.result is not None and not self.result.broken


def markdown(lines: Sequence[Line]) -> str:
    """The table."""
    head = (
        "net",
        "data",
        "test score",
        "samples/s",
        "trained on",
        "s",
        "weights",
        "peak MiB",
        "broken",
        "other findings",
    )
    parts = ["| " + " | ".join(head) + " |", "|---|---|--:|--:|--:|--:|--:|--:|---|---|"]
    return "\n".join([*parts, *map(_line, lines)])


def _line(line: Line) -> str:
    row, result = line.row, line.result
    start = f"| {row.net} | {TITLES[row.data]} | "
    if result is None:
        return f"{start}{line.note} | | | | | | | |"
    cells = [
        shown(result),
        f"{result.samples_per_second:,.0f}",
        f"{result.epochs} x {result.rows:,}",
        f"{result.seconds:.0f}",
        f"{result.weights:,}",
        f"{result.peak_memory_bytes / 2**20:,.0f}",
        ", ".join(result.broken) or "none",
        ", ".join(result.others) or "none",
    ]
    return start + " | ".join(cells) + " |"


def shown(result: Result) -> str:
    """A score, an accuracy with the 95 % interval of a proportion."""
    told = "" if result.word.startswith("learnt") else f" ({result.word})"
    if result.metric == "r2":
        return f"R² {result.score:.3f}{told}"
    half = 1.96 * math.sqrt(result.score * (1 - result.score) / result.tested)
    return f"{result.score:.3f} ± {half:.3f}{told}"


def judged(lines: Sequence[Line]) -> str:
    """The bar in a sentence."""
    missed = [line for line in lines if not line.holds]
    if not missed:
        return f"no finding of the group broken in {len(lines)} rows: the bar holds"
    told = [
        f"{line.row.name} ({', '.join(line.result.broken) if line.result else line.note})" for line in missed
    ]
    return f"the bar is MISSED by {len(missed)} of {len(lines)} rows: {'; '.join(told)}"
