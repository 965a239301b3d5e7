"""A fitted scaling of plain arrays, which can be saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gradwise.data.examples import Array
from gradwise.data.scaling.scaling import Scale, Spread
from gradwise.errors import UsageError


@dataclass(frozen=True, slots=True)
class Scaler:
    """Numbers of the training rows, by which others are scaled.

    Args:
        shift: (D,) taken off each column.
        scale: (D,) that what is left is divided by.
        floor: None; else each example is scaled by its own mean and deviation, and this, squared, is added to
            its variance.
    """

    shift: tuple[float, ...]
    scale: tuple[float, ...]
    floor: float | None = None

    @classmethod
    def fit(cls, scale: Scale, rows: Array) -> Scaler:
        """From (N, D) numbers; from (N, ...) where examples are scaled one by one.

        Raises:
            UsageError: no rows, or numbers that are not finite.
        """
        values = np.asarray(rows, np.float64)
        if values.ndim < 2 or not values.size or not np.isfinite(values).all():
            raise UsageError(
                f"scaling takes finite numbers (N, D), 1 row at least, got shape {values.shape}."
            )
        if scale.floor is not None:
            return cls((), (), scale.floor * float(values.std()) or 1.0)
        if values.ndim > 2:
            raise UsageError(f"scaling {scale.name!r} takes (N, D) numbers, got shape {values.shape}.")
        pairs = [scale.affine(_spread(column)) for column in values.T]
        shifts, scales = zip(*pairs, strict=True)
        return cls(shifts, scales)

    def transform(self, rows: Array) -> Array:
        """Scaled numbers of the same shape; float32.

        Raises:
            UsageError: another number of columns.
        """
        values = np.asarray(rows, np.float64)
        if self.floor is not None:
            axes = tuple(range(1, values.ndim))
            mean, variance = values.mean(axes, keepdims=True), values.var(axes, keepdims=True)
            scaled = (values - mean) / np.sqrt(variance + self.floor**2)
            return np.asarray(scaled, np.float32)
        if values.ndim != 2 or values.shape[1] != len(self.shift):
            raise UsageError(f"scaling was fitted to {len(self.shift)} columns, got shape {values.shape}.")
        return np.asarray((values - self.shift) / self.scale, np.float32)

    def state(self) -> dict[str, Any]:
        """Everything fitted, as JSON can hold it; `restore` reads it back."""
        return asdict(self)


def restore(state: Mapping[str, Any]) -> Scaler:
    """The scaler whose `Scaler.state` this is.

    >>> restore({"shift": [1.0], "scale": [2.0], "floor": None}).transform(np.array([[5.0]])).tolist()
    [[2.0]]
    """
    return Scaler(tuple(state["shift"]), tuple(state["scale"]), state["floor"])


def _spread(column: Array) -> Spread:
    deviation = float(column.std())
    constant = deviation <= 1e-12 * abs(float(column.mean()))  # nothing but rounding
    return Spread(
        float(column.mean()), 1.0 if constant else deviation, float(column.min()), float(column.max())
    )
