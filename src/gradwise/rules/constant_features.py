"""This run shows inputs that never vary: the same in every row, or empty rows.

What it sees
    Every row that enters the model is the same, or most rows hold one single
    value all over (padding, zeros); or most columns of a table had the same
    value in all rows that were looked at.

Why it hurts
    Where the input does not vary there is nothing to learn from, and the network
    can do no better than a constant answer.  A single constant column does no
    harm; it is a second bias.

How it decides
    Rows: at least 64 were looked at, and one fingerprint stands for 95 % of them;
    or half of the rows of the median batch are blank, with 8 numbers or more in
    a row (units: rows, shares; ours).
    Columns: smallest and largest value are equal, over at least 200 rows, for
    half of the columns of a table with up to 256 columns whose other columns
    take both signs, or with up to 24 columns none of which goes from 0 to 1.  Pixels
    and one-hot codes are left alone: they have no negative values, or their number of
    columns is a square, as of a flattened image.  Rows count only in a run that ends
    poor, columns in one that is not good (half of what there is to learn).

Cure
    Look at one batch just before the model; drop columns that say nothing.

Cure safety
    drop-features changes the data and the first layer.

When it is wrong
    Networks that ignore their input by design, and learn something else, end
    well and are left alone.  A column is judged by the rows that were sampled: a
    rare event may look constant.

Example
    >>> # pad_sequence(ids, batch_first=True)[:, -20:]   # the last 20 tokens: all padding

References
    Karpathy, "A Recipe for Training Neural Networks" (2019), "visualize just
    before the net"; Kuhn and Johnson, Applied Predictive Modeling (2013), 3.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isqrt
from typing import Any

import numpy as np

from gradwise.rules.learning import Outcome, outcome
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Finding
from gradwise.trace.model import Floats, Trace

MIN_ROWS = 64  # rows looked at
MIN_BATCH = 4  # rows in a batch; fewer are streams of states
ALIKE_LIMIT = 0.95  # share of rows that are the same one; ours
BLANK_LIMIT = 0.5  # share of a batch's rows that hold one value all over; ours
MIN_BATCHES = 3  # sampled batches
COLUMNS_LIMIT = 0.5  # share of a table's columns that do not vary; ours
MIN_ROWS_COLUMNS = 200  # rows over which a column must not vary
MAX_COLUMNS = 256  # columns of a table; wider ones are thinned in the trace
NARROW = 24  # columns of a table that need not take both signs; ours
SMALLEST_IMAGE = 49  # columns; a square number of columns from here on is a flattened image

RULE = Rule(
    name="constant-features",
    code="D11",
    group="sick",
    organ=Organ.DATA,
    since="0.1.0",
    reads=(
        "input_blank_share", "loss", "criterion", "trivial", "accuracy", "majority", "target_std",
        "fact:rows", "fact:columns", "fact:optimizer",
    ),
    explains=(
        "loss-not-decreasing", "constant-output", "majority-collapse", "underfitting", "class-imbalance",
        "loses-to-baseline", "vanishing-gradient", "lr-too-low", "unnormalized-input", "noisy-gradient",
    ),
    cures=("drop-features",),
    summary="inputs that never vary",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per model that gets the same, or nothing, or hardly any column that varies."""
    result = outcome(trace)
    if not result.poor and (result.good or not np.isfinite(result.reached)):
        return
    rows = {fact.where: fact.data for fact in trace.facts_of("rows")}
    columns = {fact.where: fact.data for fact in trace.facts_of("columns")}
    for place, data in rows.items():
        if data["rows"] < MIN_ROWS or data["largest"] < MIN_BATCH:
            continue
        found = (_alike(trace, place, data) or _blank(trace, place)) if result.poor else None
        if found is None and place in columns and data["rows"] >= MIN_ROWS_COLUMNS:
            found = _columns(trace, place, columns[place], int(data["rows"]))
        if found is not None:
            yield found


def _alike(trace: Trace, place: str, data: Mapping[str, Any]) -> Finding | None:
    share = float(data["top_share"])
    if share < ALIKE_LIMIT:
        return None
    return _finding(
        trace, place, share, ALIKE_LIMIT, "share of all rows",
        f"{share:.0%} of {data['rows']} rows of {place} are one and the same (limit {ALIKE_LIMIT:.0%})",
    )  # fmt: skip


def _blank(trace: Trace, place: str) -> Finding | None:
    table = trace.sampled("input_blank_share")
    values = table.column(place) if place in table.places else np.zeros(0)
    values = values[np.isfinite(values)]
    if len(values) < MIN_BATCHES or float(np.median(values)) < BLANK_LIMIT:
        return None
    share = float(np.median(values))
    return _finding(
        trace, place, share, BLANK_LIMIT, "share of a batch's rows",
        f"{share:.0%} of the rows of a batch of {place} hold one value all over (limit {BLANK_LIMIT:.0%})",
    )  # fmt: skip


def _finding(trace: Trace, place: str, share: float, limit: float, unit: str, message: str) -> Finding:
    return RULE.finding(
        where=[place],
        since_step=trace.first_step,
        value=share,
        threshold=limit,
        unit=unit,
        message=f"{message}, and {_learnt(outcome(trace))}",
        why="an input that does not vary tells nothing about the target",
        strength=share,
        evidence=evidence_at(trace, ("input_blank_share", "input_std"), place, trace.first_step),
    )


def _learnt(result: Outcome) -> str:
    if result.poor:
        return "the run learnt hardly more than a constant answer"
    return f"{result.reached:.0%} of what there is to learn was learnt"


def _columns(trace: Trace, place: str, data: Mapping[str, Any], rows: int) -> Finding | None:
    low, high = (np.asarray(data[name], dtype=np.float64) for name in ("low", "high"))
    constant = np.flatnonzero(low == high)
    share = len(constant) / len(low)
    if share < COLUMNS_LIMIT or share == 1 or not _is_table(low, high):
        return None
    listed = ", ".join(str(i) for i in constant[:8]) + (", ..." if len(constant) > 8 else "")
    return _finding(
        trace, place, share, COLUMNS_LIMIT, "share of the columns",
        f"{len(constant)} of {len(low)} columns of {place} had one value in {rows} rows: {listed} "
        f"(limit {COLUMNS_LIMIT:.0%} of the columns)",
    )  # fmt: skip


def _is_table(low: Floats, high: Floats) -> bool:
    """Whether the columns are measured numbers, not pixels, counts or one-hot codes."""
    width = len(low)
    if width > MAX_COLUMNS or (width >= SMALLEST_IMAGE and isqrt(width) ** 2 == width):
        return False
    varying = low < high
    codes = ((low == 0) & (high == 1))[varying].any()
    if width <= NARROW and not codes:
        return True  # nobody counts words or draws images in so few columns
    return bool((low[varying] < 0).mean() > 0.5 and (high[varying] > 0).mean() > 0.5)
