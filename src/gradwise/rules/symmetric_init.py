"""This run shows a layer whose units are all copies of one another.

What it sees
    Weight matrices whose rows are all the same, and stay the same while the
    optimizer works, because the rows of their gradients are the same too.

Why it hurts
    Units that start alike and get the same gradient stay alike for ever: the
    layer is as wide as one unit, however many were paid for.

How it decides
    At the first sampled step no entry of the matrix differs from that of the
    first row by more than 1e-6 of the largest entry (float32 rounding), in every
    later sample of the first 64 steps by no more than 0.2, and the gradients' rows
    by no more than 0.1 (unit: relative difference; source: the detection corpus,
    where Adam lets the rounding of copied units grow to 0.13 in 64 steps, and
    beyond all limits later, while zero-initialised heads reach 1 at once).
    Where biases or other layers push the units apart all the same, two or more
    matrices that begin with equal rows and not at zero are named if the run did not
    learn well (skill or lift below 0.5, or 0.8 where half of all matrices begin so).
    A head or the end of a residual branch that starts at zero moves apart in its
    first steps and is never named; norms, frozen and unused parameters are left
    out.  Of embeddings the columns are compared: a row belongs to one id.

Cure
    Draw the weights at random: He initialisation for ReLU, Glorot for tanh and
    sigmoid.  Biases may start at zero.

Cure safety
    Changes training: the run starts from another point.

When it is wrong
    A net that computes the same thing many times on purpose.

Example
    >>> # nn.init.zeros_(layer.weight) or nn.init.constant_(layer.weight, 0.1), hidden layers

References
    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 8.4; Glorot and
    Bengio, AISTATS 2010; He et al., arXiv 1502.01852.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import outcome
from gradwise.rules.motion import matrices
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Floats, ParameterInfo, Trace

ALIKE_AT_START = 1e-6  # relative difference of rows; float32 rounding
# the same after several updates; on the corpus Adam lets rounding grow to 0.1, zero heads reach 1
ALIKE_LATER = 0.2
GRADIENTS_ALIKE = 0.1  # relative difference of the gradient's rows; likewise
MIN_SAMPLES = 5  # sampled steps over which rows must stay alike; ours
FILLED = 2  # matrices that begin so; one alone is a head or a mean on purpose; ours
MOST = 0.5  # of all weight matrices begin so: no habit of one layer; ours
LEARNT = 0.8  # better of skill and lift, above which even that did little harm; ours
SHOWN = 3  # names in the message
WINDOW = 64  # steps judged; later Adam has made differences out of rounding, and samples fall where they may

RULE = Rule(
    name="symmetric-init",
    code="W01",
    group="broken",
    organ=Organ.INITIALISATION,
    since="0.1.0",
    reads=(
        "weight_rows", "grad_rows", "grad_norm", "update_norm", "weight_norm", "loss", "criterion", "trivial",
        "accuracy", "majority", "target_std", "fact:optimizer", "fact:structure",
    ),
    explains=(
        "vanishing-gradient", "loss-not-decreasing", "underfitting", "dead-relu", "constant-output",
        "majority-collapse", "saturated-activation", "init-too-small", "loss-diverges", "lr-too-high",
        "loses-to-baseline", "trained-too-short", "lr-too-low", "activation-scale-drift",
        "fades-through-time",
    ),
    cures=("he-init", "glorot-init"),
    summary="a layer whose units are all copies of one another",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for all matrices whose rows never part."""
    table = trace.sampled("weight_rows")
    alike: list[tuple[str, float]] = []
    filled: list[tuple[str, float]] = []
    trained = trained_steps(trace)
    units = {p.name: p.shape[0] for p in matrices(trace)} | {p.name: p.shape[1] for p in _tables(trace)}
    for parameter in trace.parameters:
        if parameter.name not in table.places or units.get(parameter.name, 0) < 2:
            continue
        spread = _early(trace, "weight_rows", parameter.name)
        if len(spread) < MIN_SAMPLES or trained < MIN_SAMPLES or spread[0] > ALIKE_AT_START:
            continue
        if spread.max() <= ALIKE_LATER and _gradient_alike(trace, parameter):
            alike.append((parameter.name, float(spread.max())))
        elif _fills(trace, parameter) and _first(trace, "weight_norm", parameter.name) > 0:
            filled.append((parameter.name, float(spread[0])))
    if not alike:
        yield from _filled(trace, filled)
        return
    name, worst = max(alike, key=lambda item: item[1])
    kind = "columns" if name in {p.name for p in _tables(trace)} else "rows"
    yield RULE.finding(
        where=[place for place, _ in alike],
        since_step=int(table.steps[0]),
        value=worst,
        threshold=ALIKE_LATER,
        unit="relative difference of rows",
        message=(
            f"the {units[name]} {kind} of {name} differ by at most {worst:.1e} of its largest entry "
            f"over the first {min(WINDOW, trace.steps)} steps (limit {ALIKE_LATER:g}), "
            f"and so do their gradients'"
        ),
        why="units that start alike get the same gradient, so the layer stays as wide as one unit",
        strength=1.0,
        evidence=[Evidence("weight_rows", tuple(p for p, _ in alike), int(table.steps[0]), trace.last_step)],
    )


def _fills(trace: Trace, parameter: ParameterInfo) -> bool:
    """Whether it is a matrix, and no spread that stands beside drawn means of the same shape."""
    beside = [
        p.name
        for p in trace.parameters
        if p.module == parameter.module and p.shape == parameter.shape and p.name != parameter.name
    ]
    drawn = any(_first(trace, "weight_rows", name) > ALIKE_AT_START for name in beside)
    return len(parameter.shape) > 1 and not drawn


def _filled(trace: Trace, filled: list[tuple[str, float]]) -> Iterator[Finding]:
    """One finding where several matrices begin with one number everywhere, and little was learnt."""
    result = outcome(trace)
    learnt = max((v for v in (result.skill, result.lift) if np.isfinite(v)), default=0.0)
    most = len(filled) >= MOST * sum(1 for _ in matrices(trace)) and learnt < LEARNT
    if len(filled) < FILLED or (result.good and not most):
        return
    places = tuple(place for place, _ in filled)
    named = ", ".join(places[:SHOWN]) + (", …" if len(places) > SHOWN else "")
    yield RULE.finding(
        where=places,
        since_step=trace.first_step,
        value=max(spread for _, spread in filled),
        threshold=ALIKE_AT_START,
        unit="relative difference of rows",
        message=(
            f"{len(filled)} weight matrices ({named}) begin with rows that are all the same, and not zero"
        ),
        why="units that start alike part only by what else differs, if at all, and little was learnt",
        strength=0.7,
        evidence=[Evidence("weight_rows", places, trace.first_step, trace.last_step)],
    )


def _first(trace: Trace, signal: str, place: str) -> float:
    """The first finite value of one place; NaN where there is none."""
    values = _early(trace, signal, place)
    return float(values[0]) if len(values) else float("nan")


def _tables(trace: Trace) -> list[ParameterInfo]:
    """Trained embeddings."""
    kinds = {module.name: module.type for module in trace.modules}
    held = [p for p in trace.parameters if p.requires_grad and p.in_optimizer and len(p.shape) == 2]
    return [p for p in held if kinds.get(p.module) == "Embedding"]


def trained_steps(trace: Trace) -> int:
    """Sampled steps in which the optimizer moved any parameter."""
    updates = trace.sampled("update_norm").values
    return int((np.nan_to_num(updates, posinf=1.0) > 0).any(axis=1).sum()) if updates.size else 0


def _gradient_alike(trace: Trace, parameter: ParameterInfo) -> bool:
    """Whether the parameter is trained and its gradient's rows are the same (or all zero)."""
    norm, rows = _early(trace, "grad_norm", parameter.name), _early(trace, "grad_rows", parameter.name)
    if not len(norm) or not len(rows):
        return False
    return bool(np.median(rows) <= GRADIENTS_ALIKE)


def _early(trace: Trace, signal: str, place: str) -> Floats:
    """Finite values of one place within the window, and the first few in any case, shape (S,)."""
    table = trace.sampled(signal)
    if place not in table.places:
        return np.zeros(0)
    column = table.column(place)
    steps, column = table.steps[np.isfinite(column)], column[np.isfinite(column)]
    within = steps < trace.first_step + WINDOW
    within[:MIN_SAMPLES] = True
    return column[within]
