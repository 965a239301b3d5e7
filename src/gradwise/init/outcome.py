"""What drawing came to: a table of layers by depth, for a terminal and a notebook."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

GOOD = 10.0  # largest over smallest scale of inner layers up to which signals count as kept; ours
COLUMNS = ("layer", "kind", "weight", "then", "gain", "weights", "outputs", "spread", "gradients")
SHOWN = 4  # names in a note
NUMBERS = 4  # first of the columns that hold numbers
_HTML = "font-variant-numeric:tabular-nums;border-collapse:collapse"


@dataclass(frozen=True, slots=True)
class Row:
    """A layer after it was drawn.

    Args:
        name: of the layer.
        kind: class of its module.
        shape: of its weight; the first, where it has several.
        activation: that follows it; ``none``.
        gain: of that activation.
        deviation: standard deviation of its weights.
        output: root mean square of what it puts out, before the activation; NaN without a sample.
        spread: how much of that differs from row to row of the sample; NaN without a sample.
        gradient: root mean square of the gradient for its output; NaN without a sample.
        last: no other layer follows.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    activation: str
    gain: float
    deviation: float
    output: float = math.nan
    spread: float = math.nan
    gradient: float = math.nan
    last: bool = False

    def cells(self) -> list[str]:
        """As text, in the order of `COLUMNS`."""
        numbers = (self.gain, self.deviation, self.output, self.spread, self.gradient)
        shape = "×".join(map(str, self.shape))
        return [self.name, self.kind, shape, self.activation, *(_number(value) for value in numbers)]


@dataclass(frozen=True, slots=True, repr=False)
class Initialised:
    """What `gradwise.init` did.

    Args:
        name: initialiser with its options.
        rows: layers, in the order in which they work where that is known.
        notes: what was left, and what was guessed.
    """

    name: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """Whether signals and gradients keep their scale from layer to layer; "" without a sample."""
        inner = self._inner()
        if len(inner) < 2:
            return ""
        outputs = _course("outputs", [row.spread for row in inner])
        gradients = _course("gradients", [row.gradient for row in reversed(inner)])
        return f"{outputs}; {gradients} (over {len(inner)} layers before the last, each from where it starts)"

    @property
    def kept(self) -> bool:
        """Whether neither outputs nor gradients change by more than a factor of 10 before the last layer."""
        inner = self._inner()
        return all(
            min(scales) > 0 and max(scales) <= GOOD * min(scales)
            for scales in ([row.spread for row in inner], [row.gradient for row in inner])
            if scales
        )

    def _inner(self) -> list[Row]:
        """Layers that were measured both ways and that others follow."""
        measured = [row for row in self.rows if not (math.isnan(row.spread) or math.isnan(row.gradient))]
        return [row for row in measured if not row.last]

    def __str__(self) -> str:
        measured = any(math.isfinite(row.output) for row in self.rows)
        table = [list(COLUMNS), *(row.cells() for row in self.rows)]
        if not measured:
            table = [line[:-3] for line in table]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [f"init {self.name}"]
        for cells in table if self.rows else ():
            padded = [
                cell.rjust(width) if number >= NUMBERS else cell.ljust(width)
                for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ]
            lines.append("  ".join(padded).rstrip())
        return "\n".join([*lines, *filter(None, [self.verdict]), *self.notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        measured = any(math.isfinite(row.output) for row in self.rows)
        shown = COLUMNS if measured else COLUMNS[:-3]
        head = "".join(f'<th style="text-align:left">{name}</th>' for name in shown)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row.cells()[: len(shown)])}</tr>"
            for row in self.rows
        )
        table = f'<table style="{_HTML}"><tr>{head}</tr>{body}</table>' if self.rows else ""
        said = "".join(f"<div>{escape(line)}</div>" for line in (self.verdict, *self.notes) if line)
        return f"<div><b>init {escape(self.name)}</b>{table}{said}</div>"


def some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are.

    >>> some(["a", "b", "c", "d", "e"])
    'a, b, c, d and 1 more'
    """
    told = ", ".join(names[:SHOWN])
    return told if len(names) <= SHOWN else f"{told} and {len(names) - SHOWN} more"


def _course(what: str, values: list[float]) -> str:
    """How a scale runs from the first to the last layer that it reaches."""
    first, last = values[0], values[-1]
    if not all(math.isfinite(value) for value in values):
        return f"{what} are not all numbers"
    move = f"{what} {_number(first)} → {_number(last)}"
    if last * GOOD < first or last == 0:
        return f"{move}: they die"
    return f"{move}: they explode" if last > GOOD * first else f"{move}: kept"


def _number(value: float) -> str:
    """Three digits.

    >>> [_number(value) for value in (1.41421, 0.0312, 0.0, float("nan"), 12345.6)]
    ['1.41', '0.0312', '0', '', '1.23e+04']
    """
    return "" if math.isnan(value) else f"{value:.3g}"
