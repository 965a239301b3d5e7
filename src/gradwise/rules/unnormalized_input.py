"""This run shows inputs of an unsuitable scale, and learning that suffers from it.

What it sees
    The numbers that enter the model are tens or thousands of units large (or
    far below one), or some columns vary hundreds of times more than others,
    and the first layer takes them as they are.

Why it hurts
    The first outputs and gradients grow with the inputs, so a usual learning
    rate overshoots, tanh and sigmoid start saturated, ReLU units die.  With
    mixed scales the large columns drown the small ones.

How it decides
    The median root mean square of the input over the sampled steps is above 10
    or below 0.01, or columns' standard deviations lie 100x apart while values
    exceed 30 (unit: 1; source: weights are drawn for inputs near 1; raw digits
    of 0..16 reach 7.7 and train well, raw tables reach 85 to 240).  And the
    run suffers: a poor or non-finite end; or, from a root mean square of 30 on,
    less than half of the trivial loss removed; or less than four fifths, where the
    root mean square is 100 or more and a recurrent layer takes it, whose gates are
    then saturated; or less than nine tenths, where it is as much and the first losses
    are 30 times a constant's (unit: share; ours).  A net that learns from raw
    bytes is left alone, and so is one whose first layer normalises, or whose
    first layer's output shows that the input is rescaled inside the model.

Cure
    Subtract the mean and divide by the standard deviation of the training data,
    column by column; divide images by 255.

Cure safety
    standardize-input changes the data: whoever uses the model must scale alike.

When it is wrong
    The task may be too hard for any network; scaling then helps little.

Example
    >>> # model(torch.tensor(load_wine().data, dtype=torch.float32))   # columns up to 1680

References
    LeCun, Bottou, Orr, Müller, "Efficient BackProp" (1998), section 4.3;
    DeepDiagnosis, ICSE 2022 (unnormalized data).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradwise.rules.learning import GOOD_SKILL, outcome
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace

RMS_HIGH = 10.0  # root mean square; weights are drawn for inputs near 1, raw digits have 7.7
RMS_LOW = 0.01  # root mean square
RMS_FAR = 30.0  # root mean square from which half-learnt is suspicious too; raw tables have 85 and more
RMS_GATES = 100.0  # root mean square at which gates of a recurrent layer are open or shut for good
GATES_SKILL = 0.8  # share of the trivial loss removed, below which that matters; ours
THROWN = 30.0  # first loss over the best constant prediction's; ours
BACK = 0.9  # share of the trivial loss removed above which a start that was thrown off is forgiven; ours
RATIO_LIMIT = 100.0  # largest over smallest standard deviation of the columns
RATIO_ABSMAX = 30.0  # the largest value must be this large for unequal columns to matter
RESCALED = 50.0  # first layer's output this much smaller (or larger) than its input: scaled inside
MIN_SAMPLES = 3  # sampled steps
RECURRENT = ("RNN", "LSTM", "GRU")
EARLY = 3  # first sampled steps, at which the first layer's output is compared

RULE = Rule(
    name="unnormalized-input",
    code="D01",
    group="sick",
    organ=Organ.DATA,
    since="0.1.0",
    reads=(
        "input_rms",
        "input_absmax",
        "input_column_ratio",
        "act_absmax",
        "criterion",
        "trivial",
        "accuracy",
        "majority",
    ),
    explains=(
        "loss-nan", "loss-diverges", "loss-not-decreasing", "loss-oscillates", "loss-spike",
        "initial-loss-off", "exploding-gradient", "vanishing-gradient", "nan-gradient", "dead-relu",
        "saturated-activation", "constant-output", "activation-scale-drift", "init-too-large",
        "init-too-small", "lr-too-high", "lr-too-low", "always-clipped", "majority-collapse",
        "weights-grow", "underfitting", "overfitting", "loses-to-baseline", "trained-too-short",
        "fades-through-time",
    ),
    cures=("standardize-input",),
    summary="inputs of an unsuitable scale, and learning that suffers",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Scale:
    """Medians over the sampled steps of one model's input."""

    place: str
    rms: float
    absmax: float
    ratio: float  # NaN where there is one column only
    since: int

    @property
    def far(self) -> bool:
        return self.rms > RMS_FAR or self._mixed

    @property
    def unsuitable(self) -> bool:
        return self.rms > RMS_HIGH or self.rms < RMS_LOW or self._mixed

    @property
    def _mixed(self) -> bool:
        return self.ratio > RATIO_LIMIT and self.absmax > RATIO_ABSMAX


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per model whose raw input explains a bad end."""
    result = outcome(trace)
    if result.opposing and not result.nonfinite:
        return
    reached = np.fmax(result.skill, result.lift)  # NaN where no loss was recognised
    for place in trace.sampled("input_rms").places:
        scale = _scale(trace, place)
        if scale is None or not scale.unsuitable or _normalised_inside(trace, scale):
            continue
        half_learnt = scale.far and reached < GOOD_SKILL
        half_learnt |= scale.rms > RMS_GATES and reached < GATES_SKILL and _recurrent_first(trace)
        times = _thrown_off(trace, result.skill) if scale.rms > RMS_GATES else 0.0
        if result.poor or half_learnt:
            yield _finding(trace, scale, _ending(result.nonfinite, float(reached)))
        elif times > THROWN:
            yield _finding(trace, scale, f"the first losses are {times:.3g} times a constant answer's")


def _finding(trace: Trace, scale: _Scale, ending: str) -> Finding:
    if scale.rms > RMS_HIGH or scale.rms < RMS_LOW:
        value, threshold, unit = scale.rms, RMS_HIGH if scale.rms > RMS_HIGH else RMS_LOW, "1"
        measured = f"have a root mean square of {value:.3g} (limit {threshold:g}; best near 1)"
    else:
        value, threshold, unit = scale.ratio, RATIO_LIMIT, "ratio of standard deviations"
        measured = f"have columns spread {value:.3g}x apart (limit {threshold:g}), up to {scale.absmax:.3g}"
    decades = abs(np.log10(value / threshold)) if value > 0 else 3.0
    return RULE.finding(
        where=[scale.place] if scale.place else [],
        since_step=scale.since,
        value=value,
        threshold=threshold,
        unit=unit,
        message=f"inputs of {scale.place or 'the model'} {measured}, and {ending}",
        why="weights are drawn for inputs near 1; others make the first layers saturate, overshoot or starve",
        strength=0.5 + decades / 6,
        evidence=evidence_at(trace, ("input_rms", "input_column_ratio"), scale.place, scale.since),
    )


def _ending(nonfinite: bool, reached: float) -> str:
    if nonfinite:
        return "the loss ends non-finite"
    if np.isfinite(reached):
        return f"only {max(reached, 0.0):.0%} of what a constant answer leaves to learn was learnt"
    return "the loss hardly fell"


def _scale(trace: Trace, place: str) -> _Scale | None:
    table = trace.sampled("input_rms")
    rms = table.column(place)
    seen = np.isfinite(rms)
    if seen.sum() < MIN_SAMPLES:
        return None
    return _Scale(
        place=place,
        rms=float(np.median(rms[seen])),
        absmax=_median(trace, "input_absmax", place),
        ratio=_median(trace, "input_column_ratio", place),
        since=int(table.steps[seen][0]),
    )


def _median(trace: Trace, signal: str, place: str) -> float:
    table = trace.sampled(signal)
    if place not in table.places:
        return float("nan")
    values = table.column(place)
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else float("nan")


def _thrown_off(trace: Trace, skill: float) -> float:
    """First losses over a constant's, where the run has not quite come back from them; else 0."""
    criterion, trivial = trace.sampled("criterion"), trace.sampled("trivial")
    for place in criterion.places:
        if place in trivial.places and skill < BACK:
            first, known = criterion.column(place), trivial.column(place)
            first, known = first[np.isfinite(first)][:EARLY], known[np.isfinite(known)]
            if len(first) and len(known) and known[-1] > 0:
                return float(np.median(first) / known[-1])
    return 0.0


def _recurrent_first(trace: Trace) -> bool:
    """Whether the first layer with weights is a recurrent one."""
    layers = sorted((m for m in trace.modules if m.parameters), key=lambda m: m.order)
    return bool(layers) and layers[0].type.removesuffix("Cell") in RECURRENT


def _normalised_inside(trace: Trace, scale: _Scale) -> bool:
    """A norm layer first, or a first layer whose output is out of all proportion to the input."""
    layers = [m for m in sorted(trace.modules, key=lambda m: m.order) if m.parameters or "Norm" in m.type]
    if not layers:
        return False
    first = layers[0]
    if "Norm" in first.type:
        return True
    table = trace.sampled("act_absmax")
    if first.name not in table.places or not ("Linear" in first.type or "Conv" in first.type):
        return False
    early = table.column(first.name)
    early = early[np.isfinite(early)][:EARLY]
    if not len(early):
        return False
    gain = float(np.median(early)) / max(scale.rms, 1e-30)  # about 0.6 to 3 for usual starts
    return gain < 1 / RESCALED if scale.rms > RMS_LOW else gain > RESCALED
