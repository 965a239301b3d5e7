"""Gradients that a script asks for with `torch.autograd.grad`: a step where it updates by them, else nothing."""

import gc
import weakref

import pytest
import torch
import torch.nn.functional as F

from tests.watch.test_connections import data, make
from tests.watch.watching import trace_of, watched


def test_gradients_taken_for_an_update_by_hand_are_steps(tmp_path):
    with watched(tmp_path / "run"):
        share = torch.full((5,), 0.2, requires_grad=True)
        x = torch.randn(12, 5)
        losses = []
        for row in x:
            loss = (row @ share - 1).square()
            (slope,) = torch.autograd.grad(loss, share)
            with torch.no_grad():
                share.mul_(torch.exp(-0.1 * slope)).div_(share.sum())  # the sum stays
            losses.append(loss.item())
    trace = trace_of(tmp_path / "run")
    # The first gradient does not show yet that what it was asked of is changed by it.
    assert list(trace.step_signal("loss").mean) == pytest.approx(losses[1:], rel=1e-6)
    assert not trace.facts_of("note") and not trace.facts_of("gradients")


@pytest.mark.parametrize("times", [1, 5])
def test_slopes_of_data_before_training_are_no_steps(times, tmp_path):
    """Targets that are gradients themselves: nothing was trained yet, and then an optimizer is."""
    with watched(tmp_path / "run"):
        points = torch.randn(30, 5, requires_grad=True)
        for _ in range(times):
            (slope,) = torch.autograd.grad(points.sin().sum(), points)
        model = torch.nn.Linear(5, 5)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(6):
            loss = F.mse_loss(model(points.detach()), slope)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    assert trace.steps == 6
    assert len(trace.sampled("update_norm")) > 0


def test_what_gradients_were_asked_of_is_not_kept_alive(tmp_path):
    with watched(tmp_path / "run"):
        points = torch.randn(30, 5, requires_grad=True)
        torch.autograd.grad(points.sin().sum(), points)
        alive = weakref.ref(points)
        del points
        gc.collect()
        assert alive() is None


def test_gradients_of_inputs_beside_an_optimizer_are_no_steps(tmp_path):
    with watched(tmp_path / "run"):
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x, y = data()
        for _ in range(6):
            x = x.detach().requires_grad_()
            loss = F.cross_entropy(model(x), y)
            torch.autograd.grad(loss, x, retain_graph=True)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert trace_of(tmp_path / "run").steps == 6


@pytest.mark.parametrize("kind", ["edge", "generator"])
def test_gradients_may_be_asked_for_in_every_form_of_torch(kind, tmp_path):
    """An edge of the graph and a generator are handed on as they are, and are no step."""
    with watched(tmp_path / "run"):
        weight = torch.ones(3, requires_grad=True)
        for _ in range(6):
            loss = (weight * 2).square().sum()
            edge = torch.autograd.graph.get_gradient_edge(weight)
            asked = (edge,) if kind == "edge" else (each for each in [weight])
            (slope,) = torch.autograd.grad(loss, asked)
            assert slope.tolist() == [8.0] * 3
    trace = trace_of(tmp_path / "run")
    assert trace.steps == 0
    assert not trace.facts_of("note")
