"""Series to padded batches: features scaled, gaps filled forwards, lengths kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.data.answers import choices_from, choices_state, coded, fitted_coder, several
from gradwise.data.examples import Array, Choice, Examples, Source, Task
from gradwise.data.memory import new_array
from gradwise.data.ragged import positions_of, starts_of
from gradwise.data.scaling import AUTO, choose, scale_columns
from gradwise.data.target_coder import TargetCoder
from gradwise.errors import UsageError

if TYPE_CHECKING:
    from gradwise.data.series import SeriesSource

KIND = "series"
HOW = "name the column that holds it with --target."


@dataclass(frozen=True, slots=True)
class SeriesEncoder:
    """What was fitted to the training series.

    Args:
        coder: of the target.
        choices: what was chosen while reading and fitting.
        features: names of the F numbers of every moment.
        shift: (F,) taken off; by default the mean over the moments of the training series.
        scale: (F,) divided by; by default the standard deviation over them.  0 where a feature is constant,
            and becomes 0 for good.
        length: moments of the longest training series.
        gap: (F,) put where no value is known, the scaled mean; () for 0.
        floor: 0, or each series is then scaled by its own mean and variance, the latter plus this squared.
    """

    coder: TargetCoder
    choices: tuple[Choice, ...]
    features: tuple[str, ...]
    shift: tuple[float, ...]
    scale: tuple[float, ...]
    length: int
    gap: tuple[float, ...] = ()
    floor: float = 0.0

    @property
    def task(self) -> Task:
        """What is to be predicted."""
        return self.coder.task

    def shape(self) -> dict[str, Any]:
        """``features`` F and ``length``, the longest of the training series."""
        return {"features": len(self.features), "length": self.length}

    def transform(self, source: Source, rows: Array | None = None) -> Examples:
        """``series`` (N, T, F) float32, 0 behind the end of each; ``lengths`` (N,) int64.

        T is the longest training length, or the longest of these series where that is more.  A gap takes
        the last value before it in its series, and the training mean where there is none.

        Raises:
            UsageError: the source holds no series, or lacks a feature.
        """
        from gradwise.data.series import SeriesSource

        if not isinstance(source, SeriesSource):
            raise UsageError(f"the net was trained on series, but the data is a {source.kind}; give series.")
        chosen = np.arange(len(source)) if rows is None else rows
        lengths = source.lengths[chosen]
        moments = positions_of(source.starts()[chosen], lengths)
        values = source.values[:, self._columns(source)][moments]
        scale = np.array(self.scale, np.float32)
        factor = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
        values = (values - np.array(self.shift, np.float32)) * factor
        values = filled(values, lengths, np.array(self.gap or 0.0, np.float32))
        values = by_series(values, lengths, self.floor) if self.floor else values
        longest = max(self.length, int(lengths.max(initial=0)))
        padded, _ = new_array((len(chosen), longest, len(self.features)), np.float32)
        padded[:] = 0.0
        padded[np.arange(longest) < lengths[:, None]] = values
        return Examples({"series": padded, "lengths": lengths}, coded(self.coder, source.target, rows))

    def state(self) -> dict[str, Any]:
        """Everything above, as JSON can hold it."""
        lists = {name: list(getattr(self, name)) for name in ("features", "shift", "scale", "gap")}
        fitted = {"target": self.coder.state(), "choices": choices_state(self.choices)}
        return {"kind": KIND, "length": self.length, "floor": self.floor, **fitted, **lists}

    def _columns(self, source: SeriesSource) -> list[int]:
        """Where the features stand in ``source``; a single one may bear any name."""
        if len(self.features) == len(source.features) == 1:
            return [0]
        missing = [name for name in self.features if name not in source.features]
        if missing:
            raise UsageError(
                f"the series lack {several([repr(name) for name in missing])}, on which the net was trained; "
                f"they have {several([repr(name) for name in source.features], 8)}."
            )
        return [source.features.index(name) for name in self.features]


def fit(source: SeriesSource, rows: Array, scale: str = AUTO) -> SeriesEncoder:
    """An encoder fitted on these series of ``source``.

    Raises:
        UsageError: no target, a feature without a single value in the training series, or no such scaling.
    """
    scaling = choose(scale, "series")
    coder = fitted_coder(source.target, rows, HOW)
    lengths = source.lengths[rows]
    values = source.values[positions_of(source.starts()[rows], lengths)]
    known: Array = ~np.isnan(values)
    empty = [name for name, some in zip(source.features, np.any(known, axis=0), strict=True) if not some]
    if empty:
        raise UsageError(
            f"feature {empty[0]!r} has no value in any of the {len(rows):,} training series; leave it out."
        )
    mean = np.asarray(np.nanmean(values, axis=0, dtype=np.float64))
    deviation = np.asarray(np.nanstd(values, axis=0, dtype=np.float64))
    constant = deviation <= 1e-6 * np.abs(mean)  # float32 rounding of a constant
    if constant.all():
        raise UsageError(
            f"all values of the {len(rows):,} training series are the same, so there is nothing to "
            "learn from."
        )
    ends = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    columns = scale_columns(scaling, np.stack([mean, deviation, *ends]), constant)
    told = Choice("scale", scaling.name, f"{len(mean)} feature{'s' * (len(mean) > 1)}: {scaling.summary}")
    return SeriesEncoder(
        coder,
        (*source.choices, told, *_choices(lengths, known)),
        source.features,
        columns.shift,
        columns.scale,
        int(lengths.max()),
        columns.gap,
        scaling.floor or 0.0,
    )


def filled(values: Array, lengths: Array, gap: Array | float = 0.0) -> Array:
    """Gaps of (moments, F) take the last value before them in their series, else ``gap``, (F,) or one.

    >>> nan = np.nan
    >>> filled(np.array([[1.0], [nan], [nan], [3.0]]), np.array([2, 2])).ravel()
    array([1., 1., 0., 3.])
    """
    gaps = np.isnan(values)
    if not gaps.any():
        return values
    moment = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(gaps, -1, moment), axis=0)
    first = np.repeat(starts_of(lengths), lengths)[:, None]
    return np.where(last >= first, np.take_along_axis(values, np.maximum(last, 0), axis=0), gap)


def by_series(values: Array, lengths: Array, floor: float) -> Array:
    """Each feature of (moments, F) less its mean in its series, over √(its variance there + floor²).

    >>> by_series(np.array([[1.0], [3.0], [10.0], [30.0]]), np.array([2, 2]), 1e-6).ravel().round(3)
    array([-1.,  1., -1.,  1.])
    """
    starts, counts = starts_of(lengths), lengths[:, None]
    if not len(starts):
        return values
    mean = np.add.reduceat(values, starts, axis=0, dtype=np.float64) / counts  # (N, F)
    apart = values - np.repeat(mean, lengths, axis=0)
    variance = np.add.reduceat(apart**2, starts, axis=0) / counts
    scaled = apart / np.repeat(np.sqrt(variance + floor**2), lengths, axis=0)
    return np.asarray(scaled, values.dtype)


def encoder_from(state: dict[str, Any]) -> SeriesEncoder:
    """What `SeriesEncoder.state` wrote."""
    coder, choices = TargetCoder.from_state(state["target"]), choices_from(state["choices"])
    features, shift, scale, gap = (
        tuple(state.get(name, ())) for name in ("features", "shift", "scale", "gap")
    )
    floor = state.get("floor", 0.0)
    return SeriesEncoder(coder, choices, features, shift, scale, state["length"], gap, floor)


def _choices(lengths: Array, known: Array) -> tuple[Choice, ...]:
    choices = []
    short, long = int(lengths.min()), int(lengths.max())
    if short < long:
        reason = f"the {len(lengths):,} training series have {short:,} to {long:,} moments"
        choices.append(Choice("padding", f"at the end, to {long:,}", reason))
    if not known.all():
        reason = f"{(~known).mean():.2%} of the training values are missing"
        choices.append(Choice("missing", "last value before, else the mean", reason))
    return tuple(choices)
