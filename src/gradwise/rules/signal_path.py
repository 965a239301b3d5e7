"""What becomes of the signal on its way through the layers, and how large weights usually are.

The signal of a layer is how far its outputs differ between the inputs of a
batch: the root mean square distance from their mean, so that a constant part
(a bias, the 0.5 of a sigmoid) does not count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradwise.rules.motion import matrices
from gradwise.trace.model import ParameterInfo, Table, Trace

RECURRENT = "weight_hh"  # what torch calls the matrices of its recurrent layers and cells
FIRST_ROWS = 3  # sampled steps among which the first measured value is looked for


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer with weights at the first sampled step.

    Args:
        name: of the module.
        signal: root mean square distance of its outputs from their batch mean.
        large: root mean square of its weights over the largest usual start (He, sqrt(2 / fan-in)).
        small: the same over the smallest usual start (Glorot, or torch's sqrt(1 / (3 fan-in))).
        weight: name of the weight.
    """

    name: str
    signal: float
    large: float
    small: float
    weight: str


def layers_at_start(trace: Trace) -> list[Layer]:
    """Trained layers in forward order; those that start at exactly zero are left out."""
    spread, mean, std = (trace.sampled(name) for name in ("sample_std", "act_mean", "act_std"))
    found = []
    for p in matrices(trace):
        norm = first(trace.sampled("weight_norm"), p.name)
        if not norm > 0:
            continue
        rms = math.hypot(first(mean, p.module), first(std, p.module))
        large, small = _usual(p)
        size = norm / math.sqrt(math.prod(p.shape))
        found.append(Layer(p.module, first(spread, p.module) * rms, size / large, size / small, p.name))
    return found


def recurrent_at_start(trace: Trace) -> dict[str, float]:
    """Root mean square of trained recurrent matrices over torch's own start, by name.

    That start is uniform within 1/sqrt(hidden), whatever gates are stacked in the
    rows; matrices that start at exactly zero are left out.
    """
    norms = trace.sampled("weight_norm")
    sizes: dict[str, float] = {}
    for p in matrices(trace):
        norm = first(norms, p.name) if RECURRENT in p.name.rpartition(".")[2] else 0.0
        if norm > 0:
            own = math.sqrt(1 / (3 * p.shape[1]))
            sizes[p.name] = norm / math.sqrt(math.prod(p.shape)) / own
    return sizes


def first(table: Table, place: str) -> float:
    """The first measured value of the first samples; NaN when there is none."""
    if place not in table.places:
        return float("nan")
    column = table.column(place)[:FIRST_ROWS]
    column = column[np.isfinite(column)]
    return float(column[0]) if len(column) else float("nan")


def late(table: Table, place: str) -> float:
    """Median over the second half of what was measured; NaN when nothing was."""
    if place not in table.places:
        return float("nan")
    column = table.column(place)
    column = column[np.isfinite(column)]
    return float(np.median(column[len(column) // 2 :])) if len(column) else float("nan")


def _usual(p: ParameterInfo) -> tuple[float, float]:
    """Largest and smallest root mean square that initialisers usually give this weight."""
    kernel = math.prod(p.shape[2:])
    enter, leave = p.shape[1] * kernel, p.shape[0] * kernel
    he, glorot, own = math.sqrt(2 / enter), math.sqrt(2 / (enter + leave)), math.sqrt(1 / (3 * enter))
    return max(he, glorot), min(glorot, own)
