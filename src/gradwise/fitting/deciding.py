"""From probabilities to decisions: the threshold that was asked for, or chosen on validation rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradwise.baselines.quick import IMBALANCE, unevenness
from gradwise.data.examples import Choice, Task
from gradwise.data.imbalance.threshold import AUTO, USUAL, Found, best_threshold, fixed, shown
from gradwise.errors import UsageError

Array = NDArray[Any]

AUTO_RULE = "balanced-accuracy"  # that of the verdict where classes are as uneven
FEW = 30  # rows of the class; below, the standard error of its recall is some 0.09 at best (√(0.25 / 30))
SHOWN = 3  # labels in a choice


@dataclass(frozen=True, slots=True)
class Decision:
    """From which probability on a row is of a class or a label is true.

    Args:
        rule: what it was chosen by, or the number that was given.
        at: one for each label; of two classes a single one.
        positive: of two classes the id of the one whose probability it is; None: labels.
    """

    rule: str
    at: tuple[float, ...]
    positive: int | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any] | None) -> Decision | None:
        """What `as_dict` wrote; None where nothing was."""
        return cls(document["rule"], tuple(document["at"]), document["positive"]) if document else None

    def as_dict(self) -> dict[str, Any]:
        """For ``run.json``."""
        return asdict(self)


def class_ids(outputs: Array, decision: Decision | None) -> Array:
    """(N,) the class that every row is said to be; the most probable one without a decision.

    >>> class_ids(np.array([[0.6, 0.4], [0.8, 0.2]]), Decision("0.3", (0.3,), 1)).tolist()
    [1, 0]
    """
    if decision is None or decision.positive is None:
        return np.asarray(outputs.argmax(axis=1))
    said = outputs[:, decision.positive].astype(np.float64) > decision.at[0]
    return np.where(said, decision.positive, 1 - decision.positive)


def true_labels(outputs: Array, decision: Decision | None) -> Array:
    """(N, K) bool: which labels every row is said to have; those above 0.5 without a decision."""
    if decision is None:
        return np.asarray(outputs > USUAL)
    return np.asarray(outputs.astype(np.float64) > np.asarray(decision.at))


def check_threshold(asked: str, task: Task, valid: int) -> None:
    """Refuse before any training a threshold that could not be.

    Args:
        asked: the user's setting.
        task: what is predicted.
        valid: validation rows.

    Raises:
        UsageError: no classes or labels, more than two classes, or no rows to choose on.
    """
    number = fixed(asked)
    if number == USUAL or asked == AUTO:
        return
    if task.kind == "numbers":
        raise UsageError(f"--threshold {asked} is for classes and labels; this target holds numbers.")
    if task.kind == "classes" and len(task.classes) != 2:
        raise UsageError(
            f"--threshold {asked} is for two classes or labels, and this target has {len(task.classes)} "
            "classes; take --class-weights yes or --balanced-batches."
        )
    if number is None and not valid:
        raise UsageError(
            f"--threshold {asked} is chosen on validation rows, and there are none; give --valid 0.2, or "
            "a number."
        )


def choose_threshold(
    asked: str, task: Task, trained: Array, outputs: Array | None, truth: Array | None
) -> tuple[Decision | None, Choice | None]:
    """The decision that was asked for, and what the user is told of it.

    Args:
        asked: the user's setting.
        task: what is predicted.
        trained: targets of the training rows before any resampling; the rarer class is the one to be found.
        outputs: (N, K) probabilities of the validation rows; None: there are none.
        truth: their targets.
    """
    number = fixed(asked)
    if number == USUAL:
        return None, None
    rule = _auto_rule(task, trained, outputs) if asked == AUTO else asked
    if isinstance(rule, Choice):
        return None, rule
    positive = _rarer(trained) if task.kind == "classes" else None
    if number is not None:
        count = 1 if positive is not None else task.outputs
        return Decision(asked, (number,) * count, positive), None
    assert outputs is not None and truth is not None
    if positive is None:
        return _of_labels(rule, task, outputs, truth > 0.5)
    found = _best(outputs[:, positive], truth == positive, rule)
    if isinstance(found, str):
        return None, Choice("threshold", f"{USUAL:g}", found)
    held = int((truth == positive).sum())
    few = f"; {held} rows of it are few (limit {FEW}): another split may choose otherwise" * (held < FEW)
    reason = (
        f"{shown(rule, found.score)} on {len(truth):,} validation rows, {shown(rule, found.usual)} at "
        f"{USUAL:g}{few}; chosen on them, so only --test rows judge it fairly"
    )
    choice = Choice("threshold", f"{found.at:.3g} of {task.classes[positive]!r}", reason)
    return Decision(rule, (found.at,), positive), choice


def _auto_rule(task: Task, trained: Array, outputs: Array | None) -> str | Choice:
    """The rule, or that it stays as usual and why."""
    why = ""
    if task.kind == "numbers":
        why = "the target holds numbers"
    elif task.kind == "classes" and len(task.classes) != 2:
        why = f"of {len(task.classes)} classes the most probable one is said"
    elif outputs is None:
        why = "there are no validation rows to choose another one on"
    else:
        ratio = unevenness(task.kind, trained)
        if ratio > IMBALANCE:
            return AUTO_RULE
        why = f"classes are {ratio:.3g} to 1 at worst (limit {IMBALANCE:g})"
    return Choice("threshold", f"{USUAL:g}" if task.kind != "numbers" else "none", why)


def _rarer(trained: Array) -> int:
    """Of two classes; the second where they are even."""
    counts = np.bincount(trained, minlength=2)
    return 0 if counts[0] < counts[1] else 1


def _best(shares: Array, truth: Array, rule: str) -> Found | str:
    """The best threshold, or why there is none."""
    try:
        return best_threshold(shares, truth, rule)
    except UsageError as error:
        return str(error).rstrip(".")


def _of_labels(rule: str, task: Task, outputs: Array, truth: Array) -> tuple[Decision | None, Choice]:
    """One threshold for each label; 0.5 for a label that validation rows cannot tell of."""
    found = [_best(outputs[:, at], truth[:, at], rule) for at in range(task.outputs)]
    good = [each for each in found if isinstance(each, Found)]
    if not good:
        return None, Choice("threshold", f"{USUAL:g}", str(found[0]))
    at = tuple(each.at if isinstance(each, Found) else USUAL for each in found)
    words = [f"{place:.3g} of {name!r}" for place, name in zip(at, task.targets, strict=True)][:SHOWN]
    more = f" and {len(at) - SHOWN} more" if len(at) > SHOWN else ""
    left = f"; {USUAL:g} stays for {len(at) - len(good)} without both answers" * (len(good) < len(at))
    mean, usual = fmean(each.score for each in good), fmean(each.usual for each in good)
    reason = (
        f"mean {shown(rule, mean)} on {len(truth):,} validation rows, {shown(rule, usual)} at {USUAL:g}"
        f"{left}; chosen on them, so only --test rows judge it fairly"
    )
    return Decision(rule, at), Choice("threshold", ", ".join(words) + more, reason)


def learnt_shares(counts: Sequence[int], weights: Sequence[float] | None, *, balanced: bool) -> list[float]:
    """Shares of the classes as a net learns them, up to a factor.

    Args:
        counts: training rows of every class, after resampling.
        weights: of the classes in the loss; None: all alike.
        balanced: batches hold all classes evenly.

    >>> learnt_shares([90, 10], [0.5, 4.5], balanced=False)
    [45.0, 45.0]
    """
    even = [float(count > 0) for count in counts] if balanced else [float(count) for count in counts]
    return [share * weight for share, weight in zip(even, weights or [1.0] * len(even), strict=True)]
