"""FTRL and the switch from Adam to SGD: what is theirs alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from gradwise import optim
from tests.optim import formulas
from tests.optim.optimizer_cases import carried_out, optim_closure, point
from tests.optim.test_optimizers import START, cancer, slope, wavy


def test_ftrl_makes_weights_exactly_zero_where_sgd_does_not() -> None:
    x, y = cancer()
    model = nn.Linear(30, 1)
    nn.init.zeros_(model.weight)
    made = optim.make("ftrl", model.parameters(), rate=1.0, l1=1.0)
    loss = lambda: nn.functional.binary_cross_entropy_with_logits(model(x), y)  # noqa: E731
    assert carried_out(made, loss, 60) < 0.2
    zeros = int((model.weight == 0).sum())
    assert 5 <= zeros < 30
    assert not torch.signbit(model.weight[model.weight == 0]).any()
    other = nn.Linear(30, 1)
    plain = optim.make("sgd", other.parameters(), rate=0.1)
    carried_out(
        plain,
        lambda: nn.functional.binary_cross_entropy_with_logits(other(x), y) + 0.02 * other.weight.abs().sum(),
        60,
    )
    assert not (other.weight == 0).any()


def test_ftrl_without_penalties_is_adagrad_with_beta_in_the_root() -> None:
    w, seen, wanted = point(*START), np.zeros(3), START.copy()
    made = optim.make("ftrl", [w], rate=0.3, beta=0.5)
    carried_out(made, lambda: wavy(w), 20)
    for _ in range(20):
        gradient = slope(wanted)
        seen += gradient**2
        wanted = wanted - 0.3 * gradient / (0.5 + np.sqrt(seen))
    np.testing.assert_allclose(w.detach().numpy(), wanted, rtol=1e-10)


def test_a_schedule_may_change_ftrls_rate_and_the_formula_still_holds() -> None:
    rates = [0.1, 0.5, 0.5, 0.02, 0.0, 0.3]
    w, seen, wanted = point(*START), np.zeros(3), START.copy()
    made = optim.make("ftrl", [w], rate=0.1)
    for rate in rates:
        made.param_groups[0]["lr"] = rate
        carried_out(made, lambda: wavy(w), 1)
        if rate:
            gradient = slope(wanted)
            seen += gradient**2
            wanted = wanted - rate * gradient / (1 + np.sqrt(seen))
    np.testing.assert_allclose(w.detach().numpy(), wanted, rtol=1e-9)


def switching(tolerance: float, steps: int, scale: float = 1.0) -> tuple[np.ndarray, list[str]]:
    w, phases = point(*START), []
    made = optim.make("adam-to-sgd", [w], rate=0.02, tolerance=tolerance)
    closure = optim_closure(made, lambda: wavy(w))
    for _ in range(steps):
        made.step(closure)
        phases.append(made.phase)
    return w.detach().numpy(), phases


@pytest.mark.parametrize("tolerance", [0.05, 0.3, 1e-6])
def test_the_switch_is_that_of_the_published_algorithm(tolerance: float) -> None:
    wanted, at = formulas.adam_to_sgd(slope, START, 60, 0.02, tolerance, least=10)
    moved, phases = switching(tolerance, 60)
    np.testing.assert_allclose(moved, wanted, rtol=1e-6)
    assert phases.count("adam") == (60 if at is None else at - 1)


def test_some_tolerance_switches_within_the_test_above_and_some_does_not() -> None:
    assert {switching(tolerance, 60)[1][-1] for tolerance in (0.3, 1e-6)} == {"adam", "sgd"}


def test_after_the_switch_the_schedules_factor_applies() -> None:
    w = point(*START)
    made = optim.make("adam-to-sgd", [w], rate=0.01, share=0.5, steps=10)
    schedule = torch.optim.lr_scheduler.LambdaLR(made, lambda step: 1.0 if step < 7 else 0.5)
    closure, moves = optim_closure(made, lambda: (w * torch.tensor([1.0, 2.0, 3.0])).sum()), []
    for _ in range(10):
        before = w.detach().clone()
        made.step(closure)
        schedule.step()
        moves.append((w.detach() - before).norm().item())
    assert made.phase == "sgd"
    speeds = np.cumsum(0.9 ** np.arange(5))  # of a constant gradient
    expected = 0.1 * made.param_groups[0]["ratio"] * 0.01 * np.sqrt(14) * speeds * [1, 1, 0.5, 0.5, 0.5]
    np.testing.assert_allclose(moves[5:], expected, rtol=1e-9)


def test_it_switches_by_itself_on_digits_and_goes_on_learning() -> None:
    data = load_digits()
    x, y = torch.tensor(data.data / 16, dtype=torch.float32), torch.tensor(data.target)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    made = optim.make("adam-to-sgd", model.parameters(), rate=0.003)
    order, at = np.random.default_rng(0).permutation(np.tile(np.arange(len(x)), 12)), None
    for step in range(300):
        batch = order[64 * step : 64 * step + 64]
        made.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        made.step()
        at = step if at is None and made.phase == "sgd" else at
    assert at is not None and at < 290
    assert (model(x).argmax(1) == y).float().mean() > 0.93
    assert all(set(state) == {"v"} for state in made.state.values()), "Adam's second moments are dropped"
