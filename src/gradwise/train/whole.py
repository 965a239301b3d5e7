"""What follows from an optimizer that takes all rows at once, or that evaluates the loss itself."""

from __future__ import annotations

from gradwise.data.examples import Choice
from gradwise.errors import UsageError
from gradwise.optim import SCHEDULES, OptimizerInfo
from gradwise.train.config import FitConfig


def whole_batch(info: OptimizerInfo, rows: int, config: FitConfig, told: list[Choice]) -> int | None:
    """The batch size where the optimizer decides it; None where it takes any.

    `bgd` with fewer rows would be `sgd`.  The second-order methods of SciPy read curvature from losses of one
    function, and other rows are another one.  L-BFGS is used with large batches in practice, so it is
    allowed, and the choice says what is lost.

    Raises:
        UsageError: fewer rows than the optimizer can do with.
    """
    if info.whole == "no":
        return None
    if config.batch_size is None or config.batch_size >= rows:
        if config.batch_size is None:
            told.append(Choice("batch-size", str(rows), f"{info.name} takes all {rows:,} rows in every step"))
        return rows
    if info.whole == "always":
        instead = "momentum" if info.closure else "sgd"
        raise UsageError(
            f"--optimizer {info.name} takes all {rows:,} rows in every step, not {config.batch_size}; leave "
            f"--batch-size out, or take {instead}."
        )
    reason = (
        f"as given, of {rows:,} rows: every batch is another function, of which {info.name} mixes the slopes"
    )
    told.append(Choice("batch-size", str(config.batch_size), reason))
    return config.batch_size


def check_closure(info: OptimizerInfo, config: FitConfig) -> None:
    """Refuse settings that an optimizer which evaluates the loss itself cannot work with.

    Raises:
        UsageError: one sentence.
    """
    if not info.closure:
        return
    if config.clip is not None:
        raise UsageError(
            f"--clip changes the gradient, and {info.name}'s line search needs it as it is; leave it out."
        )
    if config.augment not in ("none", "auto"):
        raise UsageError(
            f"--augment changes the loss at every look, and {info.name} compares losses; leave it out."
        )
    if config.precision == "bf16":
        raise UsageError(
            f"--precision bf16 has 3 digits, and {info.name} compares losses closer than that; take float32."
        )
    if info.rated:
        return
    schedule = "constant" if config.schedule == "auto" else SCHEDULES.name(config.schedule)
    for flag, given in (("rate", config.rate is not None), ("schedule", schedule != "constant")):
        if given:
            raise UsageError(
                f"--{flag} does nothing for {info.name}, which finds its steps itself; leave it out."
            )


def own_rate(info: OptimizerInfo, told: list[Choice]) -> float | None:
    """The rate of an optimizer for which a range test means nothing; None for all others."""
    if not info.closure:
        return None
    what = (
        "the first length that its line search tries"
        if info.rated
        else "it finds the length of its steps itself"
    )
    told.append(Choice("rate", f"{info.rate:g}", f"{info.name}: {what}, so no range test"))
    return info.rate
