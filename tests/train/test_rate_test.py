"""The range test on losses whose good rates are known."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest
import torch
from torch import nn

from gradwise.train import rate_test as rate_test_module
from gradwise.train.rate_test import judge, range_test, smoothed
from gradwise.train.training import Training

USUAL = 0.01


class Point(nn.Module):
    """Outputs one number whatever comes in."""

    def __init__(self, start: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[start]]))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.weight.expand(len(rows), 1)


class Valley(nn.Module):
    """``L / 2 * y^2``: gradient descent is stable below a rate of 2 / L."""

    def __init__(self, curvature: float) -> None:
        super().__init__()
        self.curvature = curvature

    def forward(self, outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return self.curvature / 2 * outputs.square().mean()


def valley(curvature: float) -> Training:
    point = Point()
    return Training(point, torch.optim.SGD(point.parameters(), lr=USUAL), Valley(curvature))


BATCH = ((torch.zeros(2, 1),), torch.zeros(2, 1))


@pytest.mark.parametrize("curvature", [0.3, 3.0, 40.0, 1000.0])
def test_a_quadratic_gets_a_stable_rate_that_is_not_timid(curvature: float) -> None:
    result = range_test(lambda: valley(curvature), [BATCH], usual=USUAL)
    assert result.found
    limit = 2 / curvature
    assert limit / 100 < result.suggestion < limit
    assert "a tenth" in result.reason


def test_it_stops_where_the_loss_bursts() -> None:
    result = range_test(lambda: valley(40.0), [BATCH], usual=USUAL)
    assert len(result.rates) == len(result.losses) < 100
    assert result.rates[-1] < 100 * 2 / 40.0
    assert np.all(np.diff(np.log(result.rates)) > 0)
    assert result.losses[0] == pytest.approx(20.0, rel=1e-3)


def test_noise_alone_gives_the_usual_rate() -> None:
    rng = np.random.default_rng(0)
    rates = np.logspace(-5, 2, 100)
    results = [judge(rates, 2.3 + 0.3 * rng.normal(size=100), USUAL) for _ in range(200)]
    assert np.mean([result.found for result in results]) < 0.1
    assert all(result.suggestion == USUAL for result in results if not result.found)


def test_a_clear_fall_in_noise_is_found_at_its_place() -> None:
    rng = np.random.default_rng(0)
    rates = np.logspace(-5, 2, 100)
    fall = 1.5 / (1 + (1e-2 / rates) ** 2)  # done a decade above 1e-2
    burst = (rates / 1.0) ** 3
    result = judge(rates, 2.3 - fall + burst + 0.1 * rng.normal(size=100), USUAL)
    assert result.found and 0.003 < result.suggestion < 0.1


def test_a_loss_that_is_never_finite_or_rises_at_once_gives_the_usual_rate() -> None:
    rates = np.logspace(-5, 2, 40)
    for losses in (np.full(40, np.nan), np.linspace(1.0, 5.0, 40), np.ones(40), np.zeros(0)):
        result = judge(rates[: len(losses)], losses, USUAL)
        assert result.suggestion == USUAL and not result.found and "usual rate" in result.reason


def test_what_follows_the_first_infinity_does_not_count() -> None:
    losses = np.r_[np.full(20, 2.0), np.linspace(2.0, 1.0, 10), np.inf, np.zeros(9)]
    rates = np.logspace(-5, 2, 40)
    result = judge(rates, losses, USUAL)
    assert result.found and result.suggestion * 10 in rates[24:30]


def test_nothing_is_touched() -> None:
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
    optimizer = torch.optim.Adam(model.parameters())
    before = [value.clone() for value in model.state_dict().values()]
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()

    def rehearsal() -> Training:
        twin, its = copy.deepcopy((model, optimizer))
        return Training(twin, its, nn.MSELoss())

    batch = ((torch.arange(24.0).view(8, 3),), torch.zeros(8, 1))
    first = range_test(rehearsal, [batch], usual=0.001, steps=(40,))
    assert all(torch.equal(a, b) for a, b in zip(before, model.state_dict().values(), strict=True))
    assert optimizer.param_groups[0]["lr"] == 0.001 and not optimizer.state
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == random.getstate() and states[2] == np.random.get_state()[1].tolist()
    again = range_test(rehearsal, [batch], usual=0.001, steps=(40,))
    assert np.array_equal(first.losses, again.losses)


def test_a_slow_step_changes_the_number_of_steps_and_not_what_they_give(monkeypatch) -> None:
    """However many steps are timed, and whatever they took: the same number of steps, the same losses."""
    losses = []
    for ticks in ([0.01, 0.01], [9.0, 0.01], [9.0, 0.15]):
        now = iter(np.cumsum([0.0, ticks[0], 0.0, ticks[1]]))
        monkeypatch.setattr(rate_test_module.time, "perf_counter", lambda now=now: float(next(now)))
        result = range_test(lambda: valley(0.3), [BATCH], usual=USUAL)
        losses.append(result.losses)
        assert result.hurried == (ticks[1] > 0.05)
        assert (len(result.losses) > 50) == (ticks[1] < 0.05)
    assert np.array_equal(losses[0], losses[1])
    assert losses[0][0] == losses[2][0] == pytest.approx(0.15)


def test_too_little_time_gives_the_usual_rate() -> None:
    result = range_test(lambda: valley(1.0), [BATCH], usual=USUAL, seconds=0.0)
    assert result.suggestion == USUAL and "too little time" in result.reason


def test_smoothing_keeps_lines_and_does_not_lag() -> None:
    line = np.arange(30.0)
    assert smoothed(line)[3:-3] == pytest.approx(line[3:-3])
