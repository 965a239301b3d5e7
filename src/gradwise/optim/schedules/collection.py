"""All schedules, found by walking this package, and making one by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, ReduceLROnPlateau

from gradwise.optim.schedules.policy import RISE, Factor, Pace, Policy
from gradwise.optim.schedules.warming import after_rise, by_batches, rise_of
from gradwise.registry import Registry, check_options, declared

# Modules of this package that hold no schedules.
_NOT_SCHEDULES = {"collection", "policy", "warming"}

SCHEDULES = Registry[Policy]("schedule", group="gradwise.schedules")
for _policy in declared("gradwise.optim.schedules", "SCHEDULES", skip=_NOT_SCHEDULES):
    SCHEDULES.add(_policy.name, _policy, _policy.aliases)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A scheduler and when to step it.

    Args:
        scheduler: of torch; None where the rate never changes.
        pace: ``batch``: after every optimizer step; ``epoch``: after every epoch; ``loss``: after every
            epoch, with the loss of validation.  A `ReduceLROnPlateau` is stepped with the loss in any case;
            of pace ``batch`` it warms up first, and is also stepped without one after every optimizer step.
    """

    scheduler: LRScheduler | ReduceLROnPlateau | None
    pace: Pace


def make_schedule(
    name: str, optimizer: Optimizer, *, steps_per_epoch: int, epochs: int, **options: Any
) -> Schedule:
    """A schedule by name for an optimizer, whose rates are the largest ones that it will have.

    Every group of parameters keeps its own rate: all are multiplied by the same factor.

    Args:
        name: a name or alias of `SCHEDULES`, with options after a colon: ``plateau:divide=5,patience=3``.
            Most can warm up first: ``cosine:warm-up=0.05`` over a share of the training, ``step:warm-up=5``
            over epochs; their own time begins afterwards.
        optimizer: whose rates are set from now on.
        steps_per_epoch: optimizer steps in an epoch.
        epochs: length of the training.
        **options: as after the colon, with ``_`` for ``-``; they win.

    Raises:
        UnknownNameError: no schedule is called so.
        UsageError: an option that it has not, or a value that the option does not take.

    >>> from torch import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(1, 1).parameters(), lr=0.5)
    >>> schedule = make_schedule("linear", optimizer, steps_per_epoch=2, epochs=2)
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     schedule.scheduler.step()
    >>> optimizer.param_groups[0]["lr"]
    0.125
    """
    policy, rise, given = _read(name, options, steps_per_epoch=steps_per_epoch, epochs=epochs)
    if policy.pace == "loss":
        return Schedule(policy.maker(optimizer, rise, **given), "batch" if rise else "loss")
    if policy.name == "constant" and not rise:
        return Schedule(None, "epoch")
    factor = _factor(policy, rise, given, steps_per_epoch=steps_per_epoch, epochs=epochs)
    return Schedule(LambdaLR(optimizer, factor), "batch" if rise else policy.pace)


def check_schedule(name: str, *, epochs: int = 1_000_000, **options: Any) -> tuple[str, dict[str, Any]]:
    """Proper name and options of a schedule, before there is anything to train.

    Args:
        name: as `make_schedule` takes it.
        epochs: length of the training, where it is known.
        **options: as `make_schedule` takes them.

    Raises:
        UnknownNameError: no schedule is called so.
        UsageError: an option that it has not, or a value that the option does not take.

    >>> check_schedule("fixed:warm-up=2")
    ('constant', {'warm_up': 2})
    """
    policy, rise, given = _read(name, options, steps_per_epoch=1, epochs=epochs)
    if policy.pace != "loss":
        _factor(policy, rise, given, steps_per_epoch=1, epochs=epochs)
    return policy.name, {**SCHEDULES.parse(name)[1], **options}


def _read(
    name: str, options: dict[str, Any], *, steps_per_epoch: int, epochs: int
) -> tuple[Policy, int, dict[str, Any]]:
    """The policy, the batches that it warms up, and the rest of its options."""
    proper, written = SCHEDULES.parse(name)
    policy, given = SCHEDULES[proper], {**written, **options}
    spans = {**policy.spans, policy.rise: RISE} if policy.rise else policy.spans
    check_options("schedule", proper, given, policy.options, spans)
    length = given.pop(policy.rise, None) if policy.rise else None
    length = policy.rising if length is None else float(length)
    rise = rise_of(proper, length, steps_per_epoch=steps_per_epoch, epochs=epochs)
    return policy, rise, {word: value for word, value in given.items() if value is not None}


def _factor(policy: Policy, rise: int, given: dict[str, Any], *, steps_per_epoch: int, epochs: int) -> Factor:
    """The factor of the rate, counted in the policy's own time, or in batches after a warm-up."""
    batches = epochs * steps_per_epoch - rise
    if policy.pace == "batch":
        rest: Factor = policy.maker(max(1, batches), **given)
        return after_rise(rise, rest) if rise else rest
    whole: Factor = policy.maker(max(1, round(batches / steps_per_epoch)), **given)
    return after_rise(rise, by_batches(whole, steps_per_epoch)) if rise else whole
