"""Losses are read as they come on the CPU, and together on an accelerator, unless the run is in trouble."""

import math
from types import SimpleNamespace

import pytest
import torch

from gradwise.heal.live.losses import PATIENCE, VIGILANT, Losses


class Far(torch.Tensor):
    """A tensor that says it lies on an accelerator."""

    is_cpu = False


def far(value):
    return torch.tensor(value).as_subclass(Far)


@pytest.fixture
def session():
    return SimpleNamespace(step=0, scaled=None, finder=SimpleNamespace(batch=None))


def test_a_step_has_the_mean_over_its_backwards(session):
    losses = Losses(session)
    for value in (1.0, 3.0, math.nan):
        losses.hear(torch.tensor(value))
    assert losses.broken
    session.step = 1
    losses.hear([torch.tensor(5.0)])
    assert losses.take(2) == [(0, 2.0), (1, 5.0)]
    assert losses.take(3) == []
    assert not losses.broken


def test_a_scaled_loss_is_taken_as_the_script_made_it(session):
    losses = Losses(session)
    loss = torch.tensor(2.0)
    scaled = loss * 65536
    session.scaled = (scaled, loss)
    losses.hear(scaled)
    assert losses.take(1) == [(0, 2.0)]


def test_what_is_no_number_is_passed_over(session):
    losses = Losses(session)
    losses.hear(torch.ones(3))
    losses.hear([])
    assert losses.take(1) == []


def test_an_accelerator_is_waited_for_every_so_often(session):
    losses = Losses(session)
    for step in range(PATIENCE):
        session.step = step
        losses.hear(far(float(step)))
        assert losses.take(step) == []
        assert not losses.broken
    assert losses.take(PATIENCE) == [(step, float(step)) for step in range(PATIENCE)]


def test_an_accelerator_is_waited_for_at_once_where_asked_and_after_trouble(session):
    losses = Losses(session)
    losses.hear(far(1.0))
    assert losses.take(1, now=True) == [(0, 1.0)]
    losses.alert_until = VIGILANT
    losses.hear(far(math.inf))
    assert losses.broken


def test_a_broken_batch_is_told_from_a_broken_loss(session):
    weight = torch.ones(4, 1, requires_grad=True)
    x = torch.ones(2, 4)
    for make, poisoned in (
        (lambda: torch.mm(x, weight).sum() * math.nan, False),
        (lambda: torch.mm(x / 0 * 0, weight).sum(), True),
        (lambda: torch.nn.functional.mse_loss(torch.mm(x, weight), torch.full((2, 1), math.nan)), True),
    ):
        losses = Losses(session)
        losses.hear(make())
        assert (losses.broken, losses.poisoned) == (True, poisoned)
    session.finder.batch = {"x": [torch.tensor([math.nan])], "n": 3}
    losses = Losses(session)
    losses.hear(torch.tensor(math.nan, requires_grad=True))
    assert losses.poisoned
    losses.take(1)
    assert not losses.poisoned
