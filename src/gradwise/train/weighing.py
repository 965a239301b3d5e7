"""How much each class counts in a training: weights in the loss, balanced batches, resampled rows."""

from __future__ import annotations

from collections.abc import Sequence

from gradwise.data.examples import Choice, Task
from gradwise.data.imbalance import balancing_weights
from gradwise.data.resampling import NONE
from gradwise.errors import UsageError
from gradwise.optim import OptimizerInfo
from gradwise.train.config import FitConfig

IMBALANCE = (
    10.0  # largest over smallest class; catalogue D04, after SageMaker Debugger's class-imbalance rule
)
BALANCED = "balanced batches make the classes even already"


def class_weights(
    task: Task, rows: int, config: FitConfig, counts: Sequence[int] | None, told: list[Choice]
) -> tuple[float, ...] | None:
    """Weights when asked for, or when classes are imbalanced and the user left it open.

    Args:
        task: what is predicted.
        rows: training rows, after resampling.
        config: the user's settings.
        counts: of these rows, those of every class, or in which every label is true.
        told: the choice is added.

    Raises:
        UsageError: weights of numbers.
    """
    wanted = config.class_weights
    if wanted == "no" or task.kind == "numbers" or counts is None:
        if wanted == "yes" and task.kind == "numbers":
            raise UsageError("--class-weights yes is for classes and labels; this target holds numbers.")
        return None
    weights, ratio = balancing_weights(task.kind, counts, rows)
    resampled = config.resample != NONE
    if wanted == "yes":
        if config.balanced_batches:
            told.append(Choice("class-weights", "yes", f"as asked; but {BALANCED}: rare ones count twice"))
        elif resampled:
            reason = f"of the resampled rows, which are {ratio:.3g} to 1 at worst"
            told.append(Choice("class-weights", "yes", reason))
        return weights
    if ratio <= IMBALANCE:
        if resampled:
            reason = f"the resampled rows are {ratio:.3g} to 1 at worst (limit {IMBALANCE:.0f})"
            told.append(Choice("class-weights", "no", reason))
        return None
    what = "classes" if task.kind == "classes" else "labels, true to false,"
    what = f"resampled {what}" if resampled else what
    if config.balanced_batches:
        told.append(Choice("class-weights", "no", f"{what} are {ratio:.0f} to 1 at worst, but {BALANCED}"))
        return None
    told.append(
        Choice("class-weights", "yes", f"{what} are {ratio:.0f} to 1 at worst (limit {IMBALANCE:.0f})")
    )
    return weights


def check_balanced(task: Task, info: OptimizerInfo, config: FitConfig) -> None:
    """Refuse balanced batches where there are no classes, or where a step takes all rows.

    Raises:
        UsageError: one sentence.
    """
    if not config.balanced_batches:
        return
    if task.kind != "classes":
        instead = "take --class-weights yes" if task.kind == "labels" else "leave it out"
        raise UsageError(f"--balanced-batches is for classes, but the target holds {task.kind}; {instead}.")
    if info.whole != "no":
        raise UsageError(
            f"--balanced-batches draws other rows for every step, and {info.name} takes them all; "
            "take --class-weights yes."
        )
