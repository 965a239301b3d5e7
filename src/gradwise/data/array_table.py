"""A table that is one array of numbers: the source, and its encoder that standardises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwise.data.answers import (
    choices_from,
    choices_state,
    coded,
    digest,
    fitted_coder,
    target_digest,
    told,
)
from gradwise.data.examples import Array, Choice, Examples, Kind, Source, Task
from gradwise.data.scaling import AUTO, choose, scale_columns
from gradwise.data.target import Target
from gradwise.data.target_coder import TargetCoder
from gradwise.errors import UsageError

KIND = "array-table"
HOW = "name the array of targets with --target, or put them into one called y (or a file beside it)."
_AT_ONCE = 8192  # rows converted at once, to keep copies small


@dataclass(slots=True, eq=False)
class ArrayTable:
    """(N, D) numbers, NaN where missing, with a target.

    Args:
        values: (N, D) of any number type, finite or NaN.
        target: what is to be predicted; None: unknown.
        choices: what was chosen while reading.
    """

    values: Array
    target: Target | None
    choices: tuple[Choice, ...] = ()
    kind: Kind = "table"
    groups: Array | None = None
    moments: Array | None = None

    def __len__(self) -> int:
        return len(self.values)

    def describe(self) -> list[str]:
        """Rows, columns, missing values, target."""
        lines = [f"{len(self):,} rows × {self.values.shape[1]:,} {self.values.dtype} columns"]
        missing = int(np.isnan(self.values).sum()) if self.values.dtype.kind == "f" else 0
        if missing:
            lines.append(f"{missing:,} cells ({missing / self.values.size:.2%}) are missing (NaN)")
        return [*lines, *told(self.target, "row")]

    def strata(self) -> Array | None:
        """(N,) int64 class of every row."""
        return None if self.target is None else self.target.strata()

    def fingerprint(self) -> str:
        """Digest of values and target."""
        return digest(self.values, target_digest(self.target)).hex()

    def encoder(self, rows: Array, scale: str = AUTO) -> ArrayTableEncoder:
        """Shift and scale of every column over ``rows``."""
        return fit(self, rows, scale)


@dataclass(frozen=True, slots=True)
class ArrayTableEncoder:
    """Columns shifted and scaled as the training rows say.

    Args:
        coder: of the target.
        choices: what was chosen while reading and fitting.
        shift: (D,) taken off every column; by default its mean over the training rows.
        scale: (D,) that is divided by; by default the standard deviation.  0 where a column is constant,
            and becomes 0 for good.
        gap: (D,) put where a value is missing, the scaled mean; () for 0.
    """

    coder: TargetCoder
    choices: tuple[Choice, ...]
    shift: tuple[float, ...]
    scale: tuple[float, ...]
    gap: tuple[float, ...] = ()

    @property
    def task(self) -> Task:
        """What is to be predicted."""
        return self.coder.task

    def shape(self) -> dict[str, Any]:
        """``numbers`` D, and no ``categories``."""
        return {"numbers": len(self.shift), "categories": ()}

    def transform(self, source: Source, rows: Array | None = None) -> Examples:
        """``numbers`` (N, D) float32, scaled, the mean where missing; ``categories`` (N, 0).

        Raises:
            UsageError: the source is no array of as many columns.
        """
        if not isinstance(source, ArrayTable):
            raise UsageError(
                f"the net was trained on an array of {len(self.shift)} columns, not on {source.kind} "
                "of another kind of file; give a .npz or .npy file."
            )
        if source.values.shape[1] != len(self.shift):
            raise UsageError(
                f"the net was trained on {len(self.shift)} columns, but this array has "
                f"{source.values.shape[1]}; give the same ones in the same order."
            )
        count = len(source) if rows is None else len(rows)
        shift, scale = np.array(self.shift), np.array(self.scale)
        factor = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
        numbers = np.empty((count, len(shift)), np.float32)
        for start in range(0, count, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            block = source.values[part if rows is None else rows[part]]
            scaled = (block.astype(np.float64) - shift) * factor
            if any(self.gap):
                scaled = np.where(np.isnan(scaled), self.gap, scaled)
            numbers[part] = np.nan_to_num(scaled, nan=0.0)
        inputs: dict[str, Array] = {"numbers": numbers, "categories": np.zeros((count, 0), np.int64)}
        return Examples(inputs, coded(self.coder, source.target, rows))

    def state(self) -> dict[str, Any]:
        """Everything above, as JSON can hold it."""
        return {
            "kind": KIND,
            "target": self.coder.state(),
            "choices": choices_state(self.choices),
            "shift": list(self.shift),
            "scale": list(self.scale),
            "gap": list(self.gap),
        }


def fit(source: ArrayTable, rows: Array, scale: str = AUTO) -> ArrayTableEncoder:
    """An encoder fitted on these rows of ``source``.

    Raises:
        UsageError: no target, a column without a single value in the training rows, or no such scaling.
    """
    scaling = choose(scale, "table")
    coder = fitted_coder(source.target, rows, HOW)
    count, spreads = _moments(source.values, rows)
    mean, deviation = spreads[:2]
    if not count.all():
        column = int(np.argmin(count)) + 1
        raise UsageError(f"column {column} of the array has no value in any training row; leave it out.")
    constant = deviation <= 1e-9 * np.abs(mean)  # rounding of a constant
    reason = f"{len(mean)} columns: {scaling.summary}"
    choices = [*source.choices, Choice("scale", scaling.name, reason)]
    if constant.any():
        reason = f"{int(constant.sum())} of {len(mean)} are constant over the {len(rows):,} training rows"
        choices.append(Choice("constant-columns", "always 0", reason))
    gaps = len(rows) * len(mean) - int(count.sum())
    if gaps:
        reason = f"{gaps:,} values of the training rows are missing ({gaps / len(rows) / len(mean):.2%})"
        choices.append(Choice("missing", "mean of the column", reason))
    columns = scale_columns(scaling, spreads, constant)
    return ArrayTableEncoder(coder, tuple(choices), columns.shift, columns.scale, columns.gap)


def encoder_from(state: dict[str, Any]) -> ArrayTableEncoder:
    """What `ArrayTableEncoder.state` wrote."""
    coder, choices = TargetCoder.from_state(state["target"]), choices_from(state["choices"])
    shift, scale, gap = (tuple(state.get(name, ())) for name in ("shift", "scale", "gap"))
    return ArrayTableEncoder(coder, choices, shift, scale, gap)


def _moments(values: Array, rows: Array) -> tuple[Array, Array]:
    """(D,) count of the values that are there; (4, D) mean, deviation, least and largest of them.

    Two passes, so that nothing cancels.
    """
    count, total, squares = (np.zeros(values.shape[1]) for _ in range(3))
    low, high = np.full(values.shape[1], np.inf), np.full(values.shape[1], -np.inf)
    blocks = [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]
    for block in blocks:
        part = values[block].astype(np.float64)
        count += (~np.isnan(part)).sum(axis=0)
        total += np.nansum(part, axis=0)
        low, high = np.fmin(low, np.fmin.reduce(part)), np.fmax(high, np.fmax.reduce(part))
    mean = total / np.maximum(count, 1)
    for block in blocks:
        squares += np.nansum((values[block].astype(np.float64) - mean) ** 2, axis=0)
    return count, np.stack([mean, np.sqrt(squares / np.maximum(count, 1)), low, high])
