"""From which probability on a row is said to be of a class, chosen on validation rows.

What it is
    A net that was trained to give good probabilities says "rare" too seldom, because 0.5 is the right place
    only where both mistakes cost the same.  The rows of validation tell where it lies better: every place
    between two of their probabilities is tried, and the best by a score is kept.

Formula
    - f1: the t with the largest ``2 TP / (2 TP + FP + FN)`` of ``p > t``
    - balanced-accuracy: the largest ``(TP / (TP + FN) + TN / (TN + FP)) / 2``
    - cost: the least ``miss · FN + false-alarm · FP``; where probabilities are true it lies near
      ``false-alarm / (false-alarm + miss)``
    - of several equally good ones the nearest to 0.5

Shapes
    probabilities (N,) of one class; of K labels each has a threshold of its own.

Defaults
    0.5, which is the most probable class.  ``auto`` takes balanced-accuracy where the training rows are more
    uneven than 10 to 1, by which the verdict then goes too, and 0.5 otherwise.  The class is the rarer one of
    two.

When
    - two classes or labels, one rare, and a score or a cost that the decisions must serve
    - the cheapest answer to imbalance: nothing is trained anew, and probabilities stay what they are

When not
    - fewer than some 30 rare rows in validation: the best place there is mostly chance
    - three classes or more: take `class-weights`
    - probabilities are what is used: they do not change

Confused with
    - `prior-correction`: changes probabilities for other shares of classes; a threshold leaves them
    - `class-weights` and resampling: move the net itself, and 0.5 then is about where a threshold would be

Example
    A probability of 0.3 is enough here: both rare rows are found, at the price of no false alarm.

    >>> import numpy as np
    >>> from gradwise.data.imbalance import best_threshold
    >>> found = best_threshold(np.array([0.1, 0.2, 0.4, 0.45]), np.array([False, False, True, True]), "f1")
    >>> round(found.at, 2), found.score, found.usual
    (0.3, 1.0, 0.0)

Claims
    - compared on imbalanced data with class weights, resampling and focal loss

References
    Elkan, The Foundations of Cost-Sensitive Learning, IJCAI 2001.
    Lipton, Elkan, Naryanaswamy, Thresholding Classifiers to Maximize F1 Score, arXiv 1402.1892.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradwise.data.examples import Array
from gradwise.errors import UnknownNameError, UsageError
from gradwise.registry import Registry, Span, check_options

USUAL = 0.5  # both mistakes cost the same
AUTO = "auto"
COSTS = Span(0, beyond=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a threshold is chosen by.

    Args:
        score: (TP, FP, positives, negatives) to a number; larger is better.
        costs: options, with their usual values.
    """

    score: Callable[..., Array]
    costs: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A threshold, and what it is worth on the rows that it was chosen on.

    Args:
        at: a row is of the class where its probability is larger.
        score: there.
        usual: the score at 0.5.
    """

    at: float
    score: float
    usual: float


def _f1(hits: Array, alarms: Array, positives: int, _: int) -> Array:
    return np.asarray(2 * hits / np.maximum(hits + alarms + positives, 1))


def _balanced_accuracy(hits: Array, alarms: Array, positives: int, negatives: int) -> Array:
    return (hits / max(positives, 1) + 1 - alarms / max(negatives, 1)) / 2


def _cost(
    hits: Array, alarms: Array, positives: int, negatives: int, *, miss: float, false_alarm: float
) -> Array:
    """Mean cost of a row, below 0."""
    return -(miss * (positives - hits) + false_alarm * alarms) / max(positives + negatives, 1)


RULES = Registry[Rule]("threshold rule")
RULES.add("f1", Rule(_f1))
RULES.add("balanced-accuracy", Rule(_balanced_accuracy))
RULES.add("cost", Rule(_cost, (("miss", 1.0), ("false_alarm", 1.0))))


def fixed(word: str) -> float | None:
    """The number that ``word`` is; None where it is ``auto`` or a rule.

    Raises:
        UsageError: a number out of range, no rule of that name, or an option that the rule has not.

    >>> fixed("0.3"), fixed("f1"), fixed("cost:miss=50")
    (0.3, None, None)
    """
    try:
        number = float(word)
    except ValueError:
        if word != AUTO:
            _known(word)
        return None
    if not 0 < number < 1:
        raise UsageError(f"--threshold takes a number above 0 and below 1, or a rule, not {word}.")
    return number


def best_threshold(probabilities: Array, truth: Array, rule: str) -> Found:
    """The threshold that is best by a rule on these rows.

    Args:
        probabilities: (N,) of the class.
        truth: (N,) bool: whether a row is of it.
        rule: ``f1``, ``balanced-accuracy`` or ``cost:miss=50,false-alarm=1``.

    Raises:
        UnknownNameError: no rule is called so.
        UsageError: rows of one kind only, or probabilities that are no numbers.
    """
    score = _rule(rule)
    shares = np.asarray(probabilities, np.float64)
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        raise UsageError(f"a threshold is chosen on rows of both kinds, and all {len(truth)} are of one.")
    if not np.isfinite(shares).all():
        raise UsageError("a threshold is chosen by probabilities, and some here are no numbers.")
    order = np.argsort(-shares, kind="stable")
    ranked, hit = shares[order], truth[order]
    ends = np.flatnonzero(np.diff(ranked, append=-np.inf))  # last row of every probability
    hits = np.concatenate([[0], np.cumsum(hit)[ends]])
    alarms = np.concatenate([[0], np.cumsum(~hit)[ends]])
    levels = ranked[ends]
    above, below = np.concatenate([[1.0], levels]), np.concatenate([levels, [0.0]])
    inside = (below < USUAL) & (above > USUAL)  # so that what is as good as 0.5 is 0.5
    places = np.where(inside, USUAL, (above + below) / 2)
    scores = score(hits, alarms, positives, negatives)
    best = np.flatnonzero(scores >= scores.max() - 1e-12)  # what rounding may part
    chosen = best[np.argmin(np.abs(places[best] - USUAL))]
    said = shares > USUAL
    hit_there, alarm_there = (np.array([float((said & each).sum())]) for each in (truth, ~truth))
    there = score(hit_there, alarm_there, positives, negatives)
    return Found(float(places[chosen]), float(scores[chosen]), float(there[0]))


def _known(word: str) -> None:
    try:
        _rule(word)
    except UnknownNameError as error:
        raise UsageError(
            f"--threshold takes a number above 0 and below 1, or one of {AUTO}, {', '.join(RULES)}, "
            f"not {word!r}."
        ) from error


def _rule(word: str) -> Callable[[Array, Array, int, int], Array]:
    """The score of a rule with its options."""
    name, options = RULES.parse(word)
    rule = RULES[name]
    check_options(
        "threshold rule", name, options, [cost for cost, _ in rule.costs], {c: COSTS for c, _ in rule.costs}
    )
    costs = {**dict(rule.costs), **{key: value for key, value in options.items() if value is not None}}

    def score(hits: Array, alarms: Array, positives: int, negatives: int) -> Array:
        return rule.score(hits, alarms, positives, negatives, **costs)

    return score


def shown(rule: str, score: float) -> str:
    """A score as it is told.

    >>> shown("cost:miss=50", -0.125), shown("f1", 0.5)
    ('cost 0.125 a row', 'F1 0.5')
    """
    name = RULES.name(rule)
    if name == "cost":
        return f"cost {-score:.4g} a row" if not math.isclose(score, 0) else "cost 0 a row"
    return f"{'F1' if name == 'f1' else 'balanced accuracy'} {score:.4g}"
