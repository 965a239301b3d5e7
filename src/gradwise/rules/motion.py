"""How far training moves the weights: updates and gradients against the size of the weights.

Rules on rates and gradients read the same three curves here, one value per
sampled step, the median over the weight matrices (biases, norms and embeddings
left out; plain vectors stand in where a model has no matrix).
"""

from __future__ import annotations

import math

import numpy as np

from gradwise.trace.model import Floats, Ints, ParameterInfo, Table, Trace

# Norm of a default-initialised layer is sqrt(rows / 3) (uniform, bound 1/sqrt(fan-in)).
# A weight smaller than this share of it counts as that large: a ratio to a
# zero-initialised weight says nothing.
WEIGHT_FLOOR = 0.8
# A first gradient this many times the weight has exploded; healthy starts stay
# below 1 (unit: gradient over weight; ours, calibrated on the detection corpus).
PULL_LIMIT = 5.0
# The same for a model of one matrix: a linear model has no depth to explode over,
# unless the matrix is applied again and again.
PULL_LIMIT_ONE_MATRIX = 100.0
# All updates laid end to end over the weight: below it the weights are those that were drawn; ours.
UNMOVED_PATH = 0.05
# Update over gradient; a rate of 0.02 with plain SGD.  Adam's usual rates give more on small gradients; ours.
SHORT_STEPS = 0.02
# Modules whose weight is no map between layers.
_NO_MAP = ("Embedding", "EmbeddingBag", "LayerNorm", "RMSNorm", "GroupNorm")


def matrices(trace: Trace) -> list[ParameterInfo]:
    """Trained weight matrices in forward order, embeddings and norms left out."""
    chosen = [p for p in _trained(trace) if p.is_matrix]
    return sorted(chosen, key=lambda p: p.order)


def update_ratio(trace: Trace) -> tuple[Ints, Floats]:
    """Sampled steps and update norm over weight norm, median over matrices, shape (S,)."""
    return _over_weights(trace, "update_norm")


def pull(trace: Trace) -> tuple[Ints, Floats]:
    """Sampled steps and gradient norm over weight norm, median over matrices, shape (S,)."""
    return _over_weights(trace, "grad_norm")


def held_back(trace: Trace) -> bool:
    """Whether steps are so short for the gradient there is that the weights stay where they were drawn."""
    _, ratios = update_ratio(trace)
    _, pulls = pull(trace)
    known = np.isfinite(ratios) & np.isfinite(pulls) if len(ratios) == len(pulls) else np.zeros(0, dtype=bool)
    if not known.any():
        return False
    typical = float(np.median(ratios[known]))
    return typical * trace.steps < UNMOVED_PATH and typical < SHORT_STEPS * float(np.median(pulls[known]))


def gradient_norm(trace: Trace) -> tuple[Ints, Floats]:
    """Sampled steps and the norm of all gradients together, shape (S,); NaN where none was seen."""
    table = trace.sampled("grad_norm")
    if not len(table):
        return table.steps, np.zeros(0)
    with np.errstate(over="ignore"):
        total = np.sqrt(np.nansum(table.values**2, axis=1))
    return table.steps, np.where(np.isnan(table.values).all(axis=1), np.nan, total)


def pull_limit(trace: Trace) -> float:
    """How many times the weight a first gradient may be."""
    return PULL_LIMIT if len(matrices(trace)) >= 2 else PULL_LIMIT_ONE_MATRIX


def first_pull(trace: Trace) -> float:
    """Gradient over weight before any step was made; NaN when it was not measured."""
    _, pulls = pull(trace)
    pulls = pulls[~np.isnan(pulls)]
    return float(pulls[0]) if len(pulls) else float("nan")


def _trained(trace: Trace) -> list[ParameterInfo]:
    kinds = {module.name: module.type for module in trace.modules}
    return [
        p
        for p in trace.parameters
        if p.requires_grad and p.in_optimizer and kinds.get(p.module, "") not in _NO_MAP
    ]


def _weights(trace: Trace) -> list[ParameterInfo]:
    found = matrices(trace)
    return found or [p for p in _trained(trace) if math.prod(p.shape) > 1 and not p.name.endswith("bias")]


def _over_weights(trace: Trace, signal: str) -> tuple[Ints, Floats]:
    top, weights = trace.sampled(signal), trace.sampled("weight_norm")
    ratios = []
    for p in _weights(trace):
        if p.name not in top.places or p.name not in weights.places:
            continue
        floor = WEIGHT_FLOOR * math.sqrt(p.shape[0] / 3) if p.is_matrix else 1e-3
        weight = _at(weights, p.name, top.steps)
        ratios.append(top.column(p.name) / np.maximum(weight, floor))
    if not ratios:
        return top.steps, np.full(len(top), np.nan)
    return top.steps, _median(np.stack(ratios))


def _at(table: Table, place: str, steps: Ints) -> Floats:
    """A column at other steps (NaN where it was not sampled), shape (S,)."""
    column = table.column(place)
    if len(table.steps) == len(steps) and (table.steps == steps).all():
        return column
    found = np.full(len(steps), np.nan)
    _, here, there = np.intersect1d(steps, table.steps, return_indices=True)
    found[here] = column[there]
    return found


def _median(rows: Floats) -> Floats:
    """Median over the first axis without NaN, shape (S,); NaN where all are NaN."""
    result = np.full(rows.shape[1], np.nan)
    seen = ~np.isnan(rows).all(axis=0)
    result[seen] = np.nanmedian(rows[:, seen], axis=0)
    return result
