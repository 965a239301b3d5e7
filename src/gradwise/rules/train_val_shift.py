"""This run shows evaluations on inputs of another scale than those of training.

What it sees
    Mean and standard deviation of every column (or channel) of what enters the
    model, in training batches and in the batches of evaluations.

Why it hurts
    The network is judged on numbers it has never been shown: its score is far
    too bad, and choices by it go wrong.

How it decides
    For at least 40 % of the columns the standard deviations differ by a factor
    of 3, or the means by 3 standard deviations of training (units: factor,
    standard deviations; source: crops, flips and other augmentations stay below
    1.5 and 0.5; a forgotten division by 255 or standardisation is far beyond;
    ours).  And the evaluation suffers: its last loss is twice the training loss
    at the end, or its accuracy is 10 points lower; where it fails altogether (five
    times the loss, 30 points), both limits are 1.5.  Where the evaluation has
    neither, the limits are 10.  At least 20 rows, which are not all alike.

Cure
    Fit the transform on the training data and apply that very transform to all
    data.

Cure safety
    same-transform changes the data of the evaluation only, if training is right.

When it is wrong
    Data that really comes from elsewhere, as in tests of how far a network
    reaches.  A test set scaled by its own mean and spread looks right and is not
    seen, and a wrong scale that does no harm is not reported.

Example
    >>> # train(scaler.fit_transform(X_train)); evaluate(X_test)

References
    UMLAUT, CHI 2021; deepchecks, feature drift; Stack Overflow 59325381.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradwise.rules.learning import END_SHARE, opposing
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Floats, Trace

LIMIT = 3.0  # factor between standard deviations, and distance of means in standard deviations; ours
LIMIT_SEVERE = 1.5  # the same where the evaluation fails altogether; augmentations stay below
LIMIT_ALONE = 10.0  # the same where nothing tells of harm; ours
COLUMNS_SHARE = 0.4  # share of the columns that must be that far away; half of less than ...
FEW_COLUMNS = 4  # columns
MIN_ROWS = 20  # distinct rows of the evaluation
WORSE_LOSS = 2.0  # evaluation loss over training loss; ours
WORSE_ACCURACY = 0.1  # share; ours
SEVERE_LOSS, SEVERE_ACCURACY = 5.0, 0.3  # the same where it fails altogether; ours

RULE = Rule(
    name="train-val-shift",
    code="D09",
    group="sick",
    organ=Organ.DATA,
    since="0.1.0",
    reads=(
        "loss", "val_loss", "val_accuracy", "accuracy", "criterion", "target_std", "fact:columns",
        "fact:evaluation-rows", "fact:optimizer",
    ),
    explains=("overfitting", "train-mode-while-evaluating", "trained-too-long", "loses-to-baseline"),
    cures=("same-transform",),
    summary="evaluations on inputs of another scale than those of training",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for the evaluation whose inputs are farthest from training's."""
    harm = _harm(trace)
    if harm is False or opposing(trace):
        return
    limit = LIMIT_ALONE if harm is None else LIMIT_SEVERE if _harm(trace, severe=True) else LIMIT
    training = [fact.data for fact in {f.where: f for f in trace.facts_of("columns")}.values()]
    latest = {fact.where: fact.data for fact in trace.facts_of("evaluation-rows")}
    far = [(_distance(data, training), place) for place, data in latest.items()]
    judged = [(distance, place) for distance, place in far if distance is not None]
    if not judged or max(judged)[0] < limit:
        return
    distance, place = max(judged)
    yield RULE.finding(
        where=[place],
        since_step=trace.first_step,
        value=distance,
        threshold=limit,
        unit="factor of the spread, or standard deviations of the mean",
        message=(
            f"inputs evaluated at {place} are {distance:.3g} away from those of training in 40 % of their "
            f"columns or more (limit {limit:g}): {_told(latest[place], training)}"
        ),
        why="the network is judged on numbers of a scale it was never shown",
        strength=min(0.4 + np.log10(distance) / 4, 1.0),
        evidence=[
            Evidence("val_loss", (p,), trace.first_step, trace.last_step)
            for p in trace.sampled("val_loss").places
        ],
    )


def _distance(data: Mapping[str, Any], training: list[Mapping[str, Any]]) -> float | None:
    """The larger of factor and shift, median over columns, to the nearest model's inputs."""
    if int(data["distinct"]) < MIN_ROWS or not data.get("std"):
        return None
    distances = [
        value
        for columns in training
        if len(columns["std"]) == len(data["std"]) and (value := _between(columns, data)) is not None
    ]
    return min(distances) if distances else None


def _between(training: Mapping[str, Any], evaluation: Mapping[str, Any]) -> float | None:
    mean, std = _numbers(training, "mean"), _numbers(training, "std")
    other_mean, other_std = _numbers(evaluation, "mean"), _numbers(evaluation, "std")
    varying = (std > 1e-6 * np.abs(mean) + 1e-12) & (other_std > 1e-6 * np.abs(other_mean) + 1e-12)
    if 2 * varying.sum() < len(std):
        return None
    ratio = other_std[varying] / std[varying]
    away = np.maximum(np.maximum(ratio, 1 / ratio), np.abs(other_mean - mean)[varying] / std[varying])
    return float(np.quantile(away, 1 - COLUMNS_SHARE if len(away) >= FEW_COLUMNS else 0.5, method="lower"))


def _numbers(data: Mapping[str, Any], name: str) -> Floats:
    return np.asarray(data[name], dtype=np.float64)


def _told(data: Mapping[str, Any], training: list[Mapping[str, Any]]) -> str:
    """Both scales in words."""
    mine = next(columns for columns in training if len(columns["std"]) == len(data["std"]))
    parts = [
        f"mean {np.median(_numbers(one, 'mean')):.3g} and spread {np.median(_numbers(one, 'std')):.3g}"
        for one in (data, mine)
    ]
    return f"{parts[0]}, in training {parts[1]}"


def _harm(trace: Trace, *, severe: bool = False) -> bool | None:
    """Whether some evaluation is much worse than training; None where there is nothing to compare."""
    loss, accuracy = (SEVERE_LOSS, SEVERE_ACCURACY) if severe else (WORSE_LOSS, WORSE_ACCURACY)
    tail = trace.first_step + (1 - END_SHARE) * trace.steps
    told: list[bool] = []
    trained = _late(trace, "criterion", tail)
    if np.isfinite(trained) and trained >= 0:
        told += [value > loss * trained for value in _last(trace, "val_loss")]
    right = _late(trace, "accuracy", tail)
    if np.isfinite(right):
        told += [value < right - accuracy for value in _last(trace, "val_accuracy")]
    return any(told) if told else None


def _late(trace: Trace, signal: str, since: float) -> float:
    table = trace.sampled(signal)
    values = table.values[table.steps >= since]
    values = values[np.isfinite(values)] if len(values) else table.values[np.isfinite(table.values)][-3:]
    return float(np.mean(values)) if len(values) else float("nan")


def _last(trace: Trace, signal: str) -> list[float]:
    table = trace.sampled(signal)
    columns = [table.values[np.isfinite(table.values[:, i]), i] for i in range(len(table.places))]
    return [float(column[-1]) for column in columns if len(column)]
