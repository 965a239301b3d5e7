"""Learning-rate schedules by name, as torch schedulers that know when they step."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, ReduceLROnPlateau

from gradwise.errors import UsageError
from gradwise.optim import policies
from gradwise.optim.policies import Pace
from gradwise.registry import Registry

PLATEAU_PATIENCE = 5  # epochs without improvement before the rate is divided
PLATEAU_THRESHOLD = 1e-3  # share by which the loss must fall to count as improved


@dataclass(frozen=True, slots=True)
class Schedule:
    """A scheduler and when to step it.

    Args:
        scheduler: of torch; None where the rate never changes.
        pace: ``batch``: after every optimizer step; ``epoch``: after every epoch; ``loss``: after every
            epoch, with the loss of validation.
    """

    scheduler: LRScheduler | ReduceLROnPlateau | None
    pace: Pace


@dataclass(frozen=True, slots=True)
class _Policy:
    factor: Callable[..., policies.Factor]
    pace: Pace


SCHEDULES = Registry[_Policy]("schedule", group="gradwise.schedules")
SCHEDULES.add("constant", _Policy(policies.constant, "epoch"), aliases=("fixed", "none"))
SCHEDULES.add("step", _Policy(policies.step, "epoch"))
SCHEDULES.add("exponential", _Policy(policies.exponential, "epoch"))
SCHEDULES.add("polynomial", _Policy(policies.polynomial, "batch"), aliases=("linear", "poly"))
SCHEDULES.add("cosine", _Policy(policies.cosine, "batch"))
SCHEDULES.add("one-cycle", _Policy(policies.one_cycle, "batch"), aliases=("onecycle", "super-convergence"))
SCHEDULES.add("warm-up", _Policy(policies.warm_up, "batch"), aliases=("warmup", "warmup-cosine"))
SCHEDULES.add("plateau", _Policy(policies.constant, "loss"), aliases=("reduce-on-plateau",))


def make_schedule(
    name: str, optimizer: Optimizer, *, steps_per_epoch: int, epochs: int, **options: Any
) -> Schedule:
    """A schedule by name for an optimizer, whose rate is the largest one that it will have.

    Args:
        name: a name or alias of `SCHEDULES`, with options after a colon: ``plateau:divide=5``.
        optimizer: whose rate is set from now on.
        steps_per_epoch: optimizer steps in an epoch.
        epochs: length of the training.
        **options: of the policy, see `gradwise.optim.policies`; of ``plateau``: ``divide`` (2 or 5, say) and
            ``patience`` in epochs.

    Raises:
        UnknownNameError: no schedule is called so.
        UsageError: an option that it has not.

    >>> from torch import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(1, 1).parameters(), lr=0.5)
    >>> schedule = make_schedule("linear", optimizer, steps_per_epoch=2, epochs=2)
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     schedule.scheduler.step()
    >>> optimizer.param_groups[0]["lr"]
    0.125
    """
    proper, written = SCHEDULES.parse(name)
    options = {**written, **options}
    policy = SCHEDULES[proper]
    make = _plateau if policy.pace == "loss" else policy.factor
    known = [word for word, p in inspect.signature(make).parameters.items() if p.kind is p.KEYWORD_ONLY]
    unknown = [word for word in options if word not in known]
    if unknown:
        takes = ", ".join(known) or "none"
        raise UsageError(f"schedule {proper!r} has no option {', '.join(unknown)}; it takes {takes}.")
    if policy.pace == "loss":
        return Schedule(_plateau(optimizer, **options), "loss")
    if proper == "constant":
        return Schedule(None, "epoch")
    total = epochs * (steps_per_epoch if policy.pace == "batch" else 1)
    return Schedule(LambdaLR(optimizer, policy.factor(max(1, total), **options)), policy.pace)


def _plateau(
    optimizer: Optimizer, *, divide: float = 2.0, patience: int = PLATEAU_PATIENCE
) -> ReduceLROnPlateau:
    if divide <= 1:
        raise UsageError(f"schedule 'plateau' divides the rate by a number above 1, not {divide:g}.")
    return ReduceLROnPlateau(optimizer, factor=1 / divide, patience=patience, threshold=PLATEAU_THRESHOLD)
