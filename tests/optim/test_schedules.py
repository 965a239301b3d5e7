"""Schedules by name against their formulas and torch's own classes."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from gradwise import optim
from gradwise.errors import UnknownNameError, UsageError

STEPS, EPOCHS = 5, 12


def optimizer() -> torch.optim.Optimizer:
    return torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0)


def course(name: str, losses: list[float] | None = None, **options: object) -> list[float]:
    """The rate of every step."""
    made = optimizer()
    schedule = optim.make_schedule(name, made, steps_per_epoch=STEPS, epochs=EPOCHS, **options)
    rates = []
    for epoch in range(EPOCHS):
        for _ in range(STEPS):
            rates.append(made.param_groups[0]["lr"])
            made.step()
            if schedule.scheduler is not None and schedule.pace == "batch":
                schedule.scheduler.step()
        if schedule.pace == "loss":
            schedule.scheduler.step(losses[epoch] if losses else 1.0)
        elif schedule.scheduler is not None and schedule.pace == "epoch":
            schedule.scheduler.step()
    return rates


def torchs(make) -> list[float]:
    made = optimizer()
    scheduler = make(made)
    rates = []
    for _ in range(STEPS * EPOCHS):
        rates.append(made.param_groups[0]["lr"])
        made.step()
        scheduler.step()
    return rates


def test_one_cycle_is_torchs() -> None:
    theirs = torchs(
        lambda o: lr_scheduler.OneCycleLR(o, max_lr=2.0, total_steps=STEPS * EPOCHS, cycle_momentum=False)
    )
    assert course("one-cycle") == pytest.approx(theirs, rel=1e-6, abs=1e-9)


def test_cosine_and_polynomial_are_torchs() -> None:
    total = STEPS * EPOCHS
    assert course("cosine") == pytest.approx(
        torchs(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=total)), abs=1e-9
    )
    assert course("polynomial", power=2.0) == pytest.approx(
        torchs(lambda o: lr_scheduler.PolynomialLR(o, total_iters=total, power=2.0)), abs=1e-9
    )


def test_constant_never_changes_and_needs_no_scheduler() -> None:
    assert set(course("fixed")) == {2.0}
    assert optim.make_schedule("constant", optimizer(), steps_per_epoch=1, epochs=1).scheduler is None


def test_step_divides_at_every_third_unless_told() -> None:
    assert course("step")[::STEPS] == pytest.approx([2.0] * 4 + [0.2] * 4 + [0.02] * 4)
    assert course("step", every=6, factor=0.5)[::STEPS] == pytest.approx([2.0] * 6 + [1.0] * 6)


def test_exponential_reaches_its_end_in_the_last_epoch() -> None:
    rates = course("exponential", end=0.01)[::STEPS]
    assert rates[-1] == pytest.approx(0.02)
    assert [b / a for a, b in pairwise(rates)] == pytest.approx([0.01 ** (1 / 11)] * 11)


def test_warm_up_rises_in_a_line_then_falls_to_nearly_nothing() -> None:
    rates = course("warm-up", share=0.1)  # 6 of 60 steps
    assert rates[:6] == pytest.approx([2.0 * n / 6 for n in range(1, 7)])
    assert rates[6] == 2.0 and rates[-1] == pytest.approx(1 - math.cos(math.pi / 54), rel=1e-6)
    assert sorted(rates[6:], reverse=True) == rates[6:]


@pytest.mark.parametrize("divide", [2, 5])
def test_plateau_divides_where_the_loss_stalls_and_not_before(divide: int) -> None:
    falling = [1 / (epoch + 1) for epoch in range(EPOCHS)]
    assert set(course("plateau", falling, divide=divide)) == {2.0}
    stalling = [1.0] * EPOCHS  # the first counts as best; three more are waited for
    rates = course("plateau", stalling, divide=divide, patience=3)[::STEPS]
    assert rates[:5] == [2.0] * 5 and rates[5] == pytest.approx(2.0 / divide)


@pytest.mark.parametrize("name", [name for name in optim.SCHEDULES if name != "constant"])
def test_goes_on_from_a_saved_state(name: str) -> None:
    def make() -> tuple[torch.optim.Optimizer, optim.Schedule]:
        made = optimizer()
        return made, optim.make_schedule(name, made, steps_per_epoch=STEPS, epochs=EPOCHS)

    def advance(made: torch.optim.Optimizer, schedule: optim.Schedule) -> float:
        made.step()
        schedule.scheduler.step(1.0) if schedule.pace == "loss" else schedule.scheduler.step()
        return made.param_groups[0]["lr"]

    first, schedule = make()
    for _ in range(5):
        advance(first, schedule)
    second, resumed = make()
    second.load_state_dict(first.state_dict())
    resumed.scheduler.load_state_dict(schedule.scheduler.state_dict())
    assert [advance(first, schedule) for _ in range(5)] == [advance(second, resumed) for _ in range(5)]


def test_longer_than_planned_is_no_error() -> None:
    for name in optim.SCHEDULES:
        made = optimizer()
        schedule = optim.make_schedule(name, made, steps_per_epoch=1, epochs=2)
        for _ in range(10):
            made.step()
            if schedule.scheduler is not None:
                schedule.scheduler.step(1.0) if schedule.pace == "loss" else schedule.scheduler.step()
        assert 0 <= made.param_groups[0]["lr"] <= 2.0


def test_refusals() -> None:
    with pytest.raises(UsageError, match=r"no option power; it takes warm_up, start, end"):
        optim.make_schedule("one-cycle", optimizer(), steps_per_epoch=1, epochs=1, power=2)
    with pytest.raises(UsageError, match="above 1, not 0.5"):
        optim.make_schedule("plateau", optimizer(), steps_per_epoch=1, epochs=1, divide=0.5)
    with pytest.raises(UnknownNameError, match="cosine"):
        optim.make_schedule("cosin", optimizer(), steps_per_epoch=1, epochs=1)
