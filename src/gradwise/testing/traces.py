"""Traces changed and compared, for the questions that `gradwise.testing` asks of a rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from gradwise.trace.model import Trace


def cut(trace: Trace, steps: int) -> Trace:
    """The same run, ended after its first ``steps`` steps.

    What is known from the start stays: modules, parameters, and the facts seen by then.

    >>> from gradwise.trace.model import Series
    >>> len(cut(Trace(series={"loss": Series.of([3.0, 2.0, 1.0])}, steps=3), 2).step_signal("loss"))
    2
    """
    if steps >= trace.steps:
        return trace
    stop = trace.first_step + steps
    return replace(
        trace,
        run=replace(trace.run, steps=min(steps, trace.run.steps), status="stopped", error=""),
        series={name: series.between(trace.first_step, stop) for name, series in trace.series.items()},
        tables={name: table.between(trace.first_step, stop) for name, table in trace.tables.items()},
        facts=tuple(fact for fact in trace.facts if fact.step < stop),
        steps=steps,
    )


def snapshot(thing: Any) -> Any:
    """All that a trace or a finding holds, in a form that compares by value (NaN equals NaN)."""
    if isinstance(thing, np.ndarray):
        return (thing.dtype.str, thing.shape, thing.tobytes())
    if is_dataclass(thing) and not isinstance(thing, type):
        return (type(thing).__name__, *(snapshot(getattr(thing, field.name)) for field in fields(thing)))
    if isinstance(thing, Mapping):
        return tuple((key, snapshot(value)) for key, value in thing.items())
    if isinstance(thing, list | tuple):
        return tuple(snapshot(item) for item in thing)
    return repr(thing)
