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
from gradwise.optim.schedules.policy import RISE

STEPS, EPOCHS = 5, 12
TOTAL = STEPS * EPOCHS
RATES = (2.0, 0.03, 5e-7)  # of the groups of parameters


def optimizer(rates: tuple[float, ...] = (2.0,)) -> torch.optim.Optimizer:
    groups = [{"params": [nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    return torch.optim.SGD(groups, lr=1.0)


def advance(made: torch.optim.Optimizer, schedule: optim.Schedule, *, batch: int, loss: float = 1.0) -> None:
    """As the training loop does after batch number ``batch``, counted from 1."""
    made.step()
    scheduler, ended = schedule.scheduler, batch % STEPS == 0
    if scheduler is not None and schedule.pace == "batch":
        scheduler.step()
    if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau) and ended:
        scheduler.step(loss)
    elif scheduler is not None and schedule.pace == "epoch" and ended:
        scheduler.step()


def course(name: str, losses: list[float] | None = None, **options: object) -> list[float]:
    """The rate of every step."""
    return [rates[0] for rates in courses(name, losses, rates=(2.0,), **options)]


def courses(
    name: str, losses: list[float] | None = None, *, rates: tuple[float, ...] = RATES, **options: object
) -> list[list[float]]:
    """The rate of every group at every step."""
    made = optimizer(rates)
    schedule = optim.make_schedule(name, made, steps_per_epoch=STEPS, epochs=EPOCHS, **options)
    seen = []
    for batch in range(1, TOTAL + 1):
        seen.append([group["lr"] for group in made.param_groups])
        advance(made, schedule, batch=batch, loss=losses[(batch - 1) // STEPS] if losses else 1.0)
    return seen


def torchs(make, *, every: int = 1, rates: tuple[float, ...] = RATES) -> list[list[float]]:
    """The rates that a scheduler of torch's gives when it steps after every so many batches."""
    made = optimizer(rates)
    scheduler = make(made)
    seen = []
    for batch in range(1, TOTAL + 1):
        seen.append([group["lr"] for group in made.param_groups])
        made.step()
        if batch % every == 0:
            scheduler.step()
    return seen


THEIRS = {
    "one-cycle": lambda o: lr_scheduler.OneCycleLR(
        o, max_lr=list(RATES), total_steps=TOTAL, cycle_momentum=False
    ),
    "one-cycle:warm-up=0.2,start=0.1,end=0.01": lambda o: lr_scheduler.OneCycleLR(
        o, list(RATES), TOTAL, pct_start=0.2, div_factor=10, final_div_factor=10, cycle_momentum=False
    ),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=TOTAL),
    "polynomial": lambda o: lr_scheduler.PolynomialLR(o, total_iters=TOTAL),
    "polynomial:power=0.9": lambda o: lr_scheduler.PolynomialLR(o, total_iters=TOTAL, power=0.9),
    "linear:power=2": lambda o: lr_scheduler.PolynomialLR(o, total_iters=TOTAL, power=2.0),
}
THEIRS_BY_EPOCH = {
    "exponential:factor=0.7": lambda o: lr_scheduler.ExponentialLR(o, 0.7),
    "step:every=5,factor=0.5": lambda o: lr_scheduler.StepLR(o, 5, 0.5),
    "step": lambda o: lr_scheduler.StepLR(o, 4, 0.1),
    "step:at=(3,4,9),factor=0.2": lambda o: lr_scheduler.MultiStepLR(o, [3, 4, 9], 0.2),
    "constant": lambda o: lr_scheduler.ConstantLR(o, factor=1.0),
}


@pytest.mark.parametrize("name", [*THEIRS, *THEIRS_BY_EPOCH])
def test_rates_of_all_groups_are_torchs_to_the_last_digits(name: str) -> None:
    every, make = (1, THEIRS[name]) if name in THEIRS else (STEPS, THEIRS_BY_EPOCH[name])
    for ours, theirs in zip(courses(name), torchs(make, every=every), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-11, abs=1e-14)


def test_a_constant_rate_needs_no_scheduler_unless_it_warms_up() -> None:
    assert set(course("fixed")) == {2.0}
    assert optim.make_schedule("constant", optimizer(), steps_per_epoch=1, epochs=1).scheduler is None
    assert course("constant:warm-up=0.05") == pytest.approx([2 / 3, 4 / 3] + [2.0] * 58)


def test_exponential_reaches_its_end_in_the_last_epoch() -> None:
    rates = course("exponential", end=0.01)[::STEPS]
    assert rates == course("exponential")[::STEPS]
    assert rates[-1] == pytest.approx(0.02)
    assert [b / a for a, b in pairwise(rates)] == pytest.approx([0.01 ** (1 / 11)] * 11)


def test_the_ends_that_are_asked_for_are_reached() -> None:
    for name in ("cosine:end=0.1", "polynomial:end=0.1", "one-cycle:end=0.1", "warm-up:end=0.1"):
        assert course(name)[-1] == pytest.approx(0.2, rel=0.2)
        assert min(course(name)[TOTAL // 2 :]) >= 0.2


def test_range_test_climbs_by_equal_factors() -> None:
    rates = course("range-test:start=1e-4,end=10")
    assert rates[0] == pytest.approx(2e-4) and rates[-1] == pytest.approx(20.0)
    assert [b / a for a, b in pairwise(rates)] == pytest.approx([1e5 ** (1 / 59)] * 59)


def test_warm_up_rises_in_a_line_then_falls_to_nearly_nothing() -> None:
    rates = course("warm-up", share=0.1)  # 6 of 60 steps
    assert rates[:6] == pytest.approx([2.0 * n / 6 for n in range(1, 7)])
    assert rates[6] == 2.0 and rates[-1] == pytest.approx(1 - math.cos(math.pi / 54), rel=1e-6)
    assert sorted(rates[6:], reverse=True) == rates[6:]
    assert rates == course("cosine:warm-up=0.1")
    assert course("warm-up") == course("cosine:warm-up=0.05")


WARMING = [name for name in optim.SCHEDULES if optim.SCHEDULES[name].rise == "warm_up"]


def test_all_but_those_that_rise_by_themselves_can_warm_up() -> None:
    assert set(optim.SCHEDULES) - set(WARMING) == {"warm-up", "one-cycle", "range-test"}


@pytest.mark.parametrize("name", WARMING)
def test_after_a_warm_up_of_epochs_the_schedule_runs_over_the_rest(name: str) -> None:
    warmed = course(f"{name}:warm-up=2")
    assert warmed[:10] == pytest.approx([2.0 * n / 10 for n in range(1, 11)])
    made = optimizer()
    alone = optim.make_schedule(name, made, steps_per_epoch=STEPS, epochs=EPOCHS - 2)
    rest = []
    for batch in range(1, TOTAL - 9):
        rest.append(made.param_groups[0]["lr"])
        advance(made, alone, batch=batch)
    same = len(rest) if name != "plateau" else 4 * STEPS  # it has seen two epochs more
    assert warmed[10:][:same] == pytest.approx(rest[:same])


@pytest.mark.parametrize("divide", [2, 5])
def test_plateau_divides_where_the_loss_stalls_and_not_before(divide: int) -> None:
    falling = [1 / (epoch + 1) for epoch in range(EPOCHS)]
    assert set(course("plateau", falling, divide=divide)) == {2.0}
    stalling = [1.0] * EPOCHS  # the first counts as best; three more are waited for
    rates = course("plateau", stalling, divide=divide, patience=3)[::STEPS]
    assert rates[:5] == [2.0] * 5
    assert rates[5:9] == pytest.approx([2.0 / divide] * 4) and rates[9] == pytest.approx(2.0 / divide**2)


def test_plateau_keeps_to_its_end_and_divides_rates_of_any_size() -> None:
    last = courses("plateau:divide=5,patience=0,end=0.1")[-1]
    assert last == pytest.approx([0.1 * rate for rate in RATES])
    tiny = courses("plateau:divide=10,patience=0", rates=(1e-9,))[-1]
    assert tiny[0] < 1e-17


def test_plateau_does_not_count_epochs_of_its_warm_up() -> None:
    rates = course("plateau:patience=1,warm-up=4")
    assert rates[:20] == pytest.approx([2.0 * n / 20 for n in range(1, 21)])
    assert rates[20:30] == [2.0] * 10  # two epochs that are no better, counted after the rise
    assert rates[30] == 1.0


def test_what_counts_as_better_is_a_share_of_the_best() -> None:
    slow = [0.995**epoch for epoch in range(EPOCHS)]
    assert set(course("plateau:patience=1", slow)) == {2.0}
    assert course("plateau:patience=1,threshold=0.05", slow)[-1] < 2.0


@pytest.mark.parametrize(
    "name", [n for n in optim.SCHEDULES if n != "constant"] + [f"{n}:warm-up=3" for n in WARMING]
)
@pytest.mark.parametrize("stop", [7, 23])
def test_goes_on_from_a_saved_state(name: str, stop: int) -> None:
    def make() -> tuple[torch.optim.Optimizer, optim.Schedule]:
        made = optimizer(RATES)
        return made, optim.make_schedule(name, made, steps_per_epoch=STEPS, epochs=EPOCHS)

    def rates(made: torch.optim.Optimizer, schedule: optim.Schedule, begin: int) -> list[list[float]]:
        seen = []
        for batch in range(begin + 1, TOTAL + 1):
            advance(made, schedule, batch=batch)
            seen.append([group["lr"] for group in made.param_groups])
        return seen

    first, schedule = make()
    for batch in range(1, stop + 1):
        advance(first, schedule, batch=batch)
    second, resumed = make()
    second.load_state_dict(first.state_dict())
    resumed.scheduler.load_state_dict(dict(schedule.scheduler.state_dict()))
    assert rates(second, resumed, stop) == rates(first, schedule, stop)


@pytest.mark.parametrize("name", [*optim.SCHEDULES, "step:warm-up=1", "plateau:warm-up=1"])
def test_longer_than_planned_is_no_error(name: str) -> None:
    made = optimizer()
    schedule = optim.make_schedule(name, made, steps_per_epoch=1, epochs=2)
    largest = 2.0 * (1e4 if name == "range-test" else 1)
    for _ in range(10):
        made.step()
        if schedule.scheduler is not None:
            schedule.scheduler.step(1.0) if schedule.pace == "loss" else schedule.scheduler.step()
        assert 0 <= made.param_groups[0]["lr"] <= largest


@pytest.mark.parametrize("name", list(optim.SCHEDULES))
@pytest.mark.parametrize(("steps", "epochs"), [(1, 1), (1, 2), (2, 1), (1000, 1), (1, 1000)])
def test_trainings_of_any_length_have_rates(name: str, steps: int, epochs: int) -> None:
    made = optimizer()
    optim.make_schedule(name, made, steps_per_epoch=steps, epochs=epochs)
    assert 0 < made.param_groups[0]["lr"] <= 2.0


@pytest.mark.parametrize("name", list(optim.SCHEDULES))
def test_every_range_is_that_of_an_option_and_defaults_lie_within(name: str) -> None:
    import inspect

    policy = optim.SCHEDULES[name]
    assert set(policy.spans) <= set(policy.options)
    for word, parameter in inspect.signature(policy.maker).parameters.items():
        if word in policy.spans and parameter.default is not None:
            assert not policy.spans[word].refuses(parameter.default)
    assert not RISE.refuses(policy.rising)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("one-cycle:power=2", r"'one-cycle' has no option power; it takes warm-up, start, end\."),
        ("cosine:warmup=0.1", r"has no option warmup \(did you mean 'warm-up'\?\); it takes warm-up, end\."),
        ("constant:rate=1", r"'constant' has no option rate.*; it takes warm-up\."),
        ("plateau:divide=0.5", r"'plateau': divide takes a number above 1, not 0\.5\."),
        ("plateau:patience=2.5", r"'plateau': patience takes a whole number from 0 on, not 2\.5\."),
        ("plateau:divide=five", r"divide takes a number above 1, not 'five'\."),
        ("step:every=0", r"'step': every takes a whole number from 1 on, not 0\."),
        ("step:factor=1.5", r"factor takes a number above 0 up to 1, not 1\.5\."),
        ("step:at=(30,20)", r"at takes rising epochs from 1 on, e\.g\. at=\(30,60,80\), not \(30, 20\)\."),
        ("step:at=(3,6),every=2", r"'step' takes every or at, not both; leave one out\."),
        ("exponential:factor=0.9,end=0.1", r"takes factor or end, not both"),
        ("polynomial:power=0", r"power takes a number above 0, not 0\."),
        ("cosine:end=2", r"end takes a number from 0 to 1, not 2\."),
        ("cosine:warm-up=-1", r"'cosine': warm-up takes a number from 0 on, not -1\."),
        ("cosine:warm-up=12", r"'cosine' is to warm up over 12 of 12 epochs, which leaves none; give fewer"),
        ("warm-up:share=yes", r"share takes a number from 0 on, not True\."),
        ("step:every", r"options are written name:option=value,option=value, not 'every'\."),
    ],
)
def test_refusals(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        optim.make_schedule(name, optimizer(), steps_per_epoch=STEPS, epochs=EPOCHS)
    with pytest.raises(UsageError, match=said):
        optim.check_schedule(name, epochs=EPOCHS)


def test_unknown_names_and_options_by_keyword() -> None:
    with pytest.raises(UnknownNameError, match="cosine"):
        optim.make_schedule("cosin", optimizer(), steps_per_epoch=1, epochs=1)
    with pytest.raises(UsageError, match="number above 1"):
        optim.make_schedule("plateau", optimizer(), steps_per_epoch=1, epochs=1, divide=1)
    assert course("step:factor=0.1,every=3", factor=0.5) == course("step:factor=0.5,every=3")
    assert optim.check_schedule("reduce-on-plateau:divide=5", patience=2) == (
        "plateau",
        {"divide": 5, "patience": 2},
    )


def test_a_plateau_halves_the_rate_in_a_training_that_stalls() -> None:
    """Digits by logistic regression at a rate that is too large: loss rattles until the rate falls."""
    from sklearn.datasets import load_digits

    from gradwise.data.examples import Examples
    from gradwise.train.batches import Batches
    from gradwise.train.loop import fit
    from gradwise.train.training import Training

    data = load_digits()
    pixels, digits = (data.data / 16).astype("float32"), data.target
    ends = {}
    for name in ("constant", "plateau:divide=5,patience=1,warm-up=1"):
        torch.manual_seed(0)
        model = nn.Linear(64, 10)
        made = torch.optim.SGD(model.parameters(), lr=20.0)
        batches = Batches(Examples({"numbers": pixels[:1400]}, digits[:1400]), 32)
        held = Batches(Examples({"numbers": pixels[1400:]}, digits[1400:]), 400, shuffle=False)
        schedule = optim.make_schedule(name, made, steps_per_epoch=len(batches), epochs=15)
        training = Training(
            model, made, nn.CrossEntropyLoss(), scheduler=schedule.scheduler, pace=schedule.pace
        )
        fit(training, batches, held, epochs=15)
        ends[name[:4]] = training.progress.history
    assert ends["cons"][-1].rate == 20.0 > 5 * ends["plat"][-1].rate * 0.99
    assert ends["plat"][0].rate == pytest.approx(20.0)
    assert ends["plat"][-1].train_loss < 0.6 * ends["cons"][-1].train_loss
