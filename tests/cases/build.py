"""Traces built by hand, for the cases of the rules.

    trace = build(
        steps=400,
        loss=decay(2.3, 0.1),
        tables={"criterion": {"cross_entropy": decay(2.3, 0.1)}, "trivial": {"cross_entropy": 2.3}},
        facts=[fact("loss-call", "cross_entropy", function="cross_entropy")],
    )

Wherever values over steps are asked for, one may give a number (constant), a
sequence (one value per step) or a function of the array of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwise.trace.model import (
    Fact,
    Floats,
    Ints,
    ModuleInfo,
    ParameterInfo,
    RunInfo,
    Series,
    Table,
    Trace,
)
from gradwise.trace.signals import EVALUATION_SIGNALS, SAMPLED_SIGNALS, STEP_SIGNALS

Values = float | Sequence[float] | Floats | Callable[[Ints], Floats]
Columns = Mapping[str, Values]

# As the watcher samples: consecutive at first, then pairs ever farther apart.
DENSE = 10  # first steps, all sampled
PAIRS = 24  # later pairs of consecutive steps in a short run


def build(
    *,
    steps: int = 400,
    loss: Values | None = None,
    series: Mapping[str, Values] | None = None,
    tables: Mapping[str, Columns] | None = None,
    sampled_steps: Sequence[int] | None = None,
    evaluation_steps: Sequence[int] | None = None,
    facts: Iterable[Fact] = (),
    modules: Iterable[ModuleInfo] = (),
    parameters: Iterable[ParameterInfo] = (),
    status: str = "finished",
    first_step: int = 0,
) -> Trace:
    """A trace of ``steps`` training steps.

    Args:
        steps: length of the run.
        loss: the per-step loss; also reachable as ``series={"loss": ...}``.
        series: other per-step signals by name.
        tables: sampled or evaluation signals: ``{signal: {place: values}}``.
        sampled_steps: rows of sampled signals; `sampled` by default.
        evaluation_steps: rows of evaluation signals; ten, evenly spread, by default.
        facts, modules, parameters: as in `Trace`.
        status: how the run ended.
        first_step: number of the first step.

    Raises:
        KeyError: a signal of that name does not exist.
    """
    per_step = np.arange(first_step, first_step + steps, dtype=np.int64)
    rows = np.asarray(sampled(steps) if sampled_steps is None else sampled_steps, np.int64) + first_step
    phases = np.linspace(steps // 10, max(steps - 1, 0), 10) if evaluation_steps is None else evaluation_steps
    evaluations = np.asarray(phases, dtype=np.int64) + first_step
    curves = dict(series or {}) | ({} if loss is None else {"loss": loss})
    held: dict[str, Table] = {}
    for signal, columns in (tables or {}).items():
        known = {**SAMPLED_SIGNALS, **EVALUATION_SIGNALS}[signal]
        held[signal] = _table(columns, evaluations if known.per == "evaluation" else rows)
    return Trace(
        run=RunInfo(script="train.py", steps=steps, status=status),
        series={
            STEP_SIGNALS[name].name: Series.of(_over(values, per_step), first_step)
            for name, values in curves.items()
        },
        tables=held,
        facts=tuple(sorted(facts, key=lambda one: one.step)),
        modules=tuple(modules),
        parameters=tuple(parameters),
        steps=steps,
        first_step=first_step,
    )


def sampled(steps: int) -> tuple[int, ...]:
    """Steps that the watcher would sample in a run of that length."""
    chosen = set(range(min(DENSE, steps)))
    if steps > DENSE:
        for start in np.geomspace(DENSE, max(steps - 2, DENSE), PAIRS):
            chosen.update(step for step in (int(start), int(start) + 1) if step < steps)
    return tuple(sorted(chosen))


def fact(kind: str, where: str = "", step: int = 0, **data: Any) -> Fact:
    """A fact with its data as keywords."""
    return Fact(step, kind, where, data)


def decay(start: float, end: float, half_life: float = 40.0) -> Callable[[Ints], Floats]:
    """Exponential fall (or rise) from ``start`` to ``end``; half-life in steps."""
    return lambda steps: end + (start - end) * 0.5 ** (steps / half_life)


def noisy(values: Values, spread: float, seed: int = 0) -> Callable[[Ints], Floats]:
    """The same values times lognormal noise of that spread."""

    def noise(steps: Ints) -> Floats:
        random = np.random.default_rng(seed)
        factor: Floats = np.exp(spread * random.standard_normal(len(steps)))
        return _over(values, steps) * factor

    return noise


def before_and_after(step: int, before: float, after: float) -> Callable[[Ints], Floats]:
    """One value up to ``step``, another from it on."""
    return lambda steps: np.where(steps < step, before, after).astype(np.float64)


def learning(
    place: str = "cross_entropy", *, trivial: float = 2.3, end: float = 0.1, start: float | None = None
) -> dict[str, dict[str, Values]]:
    """``criterion`` and ``trivial`` tables of a run whose loss ends at ``end``.

    The skill it reaches is ``1 - end / trivial``; give ``end`` near ``trivial``
    for a run that learnt nothing.
    """
    return {
        "criterion": {place: decay(trivial if start is None else start, end)},
        "trivial": {place: trivial},
    }


def _table(columns: Columns, rows: Ints) -> Table:
    values = np.stack([_over(column, rows) for column in columns.values()], axis=1)  # (S, P)
    return Table(rows, tuple(columns), values)


def _over(values: Values, steps: Ints) -> Floats:
    """Values at the given steps, shape (S,)."""
    if callable(values):
        return np.asarray(values(steps), dtype=np.float64)
    array = np.asarray(values, dtype=np.float64)
    if array.ndim and array.shape != steps.shape:
        raise ValueError(f"expected {len(steps)} values, got {len(array)}; give one per step")
    return np.broadcast_to(array, steps.shape).astype(np.float64)
