"""Signals around a step: gradients left over, rates, scaled losses, times."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.watch.watching import at, trace_of, watched

TOLERANCE = 2e-5  # float32 against float64


def close(value):
    return pytest.approx(value, rel=TOLERANCE, abs=1e-6)


def f64(tensor):
    return tensor.detach().double().numpy().copy()


@pytest.mark.parametrize("how", ["none", "zero", "model", "by hand", "never"])
def test_stale_gradients(how, tmp_path):
    torch.manual_seed(5)
    stale = []
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for _ in range(5):
            if how in ("none", "zero"):
                optimizer.zero_grad(set_to_none=how == "none")
            elif how == "model":
                model.zero_grad()
            elif how == "by hand":
                for p in model.parameters():
                    p.grad = None
            grads = [f64(p.grad).ravel() for p in model.parameters() if p.grad is not None]
            stale.append(np.linalg.norm(np.concatenate(grads)) if grads else 0.0)
            F.mse_loss(model(torch.randn(6, 3)), torch.zeros(6, 2)).backward()
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    (place,) = trace.sampled("stale_grad_norm").places
    assert place.startswith("SGD")
    for step in range(1, 5):
        assert at(trace, "stale_grad_norm", place, step) == close(stale[step])
    assert (stale[-1] > 0) == (how == "never")


def test_accumulation_is_not_stale(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        losses = []
        for _ in range(4):
            for _ in range(3):
                loss = F.mse_loss(model(torch.randn(6, 3)), torch.zeros(6, 2)) / 3
                loss.backward()
                losses.append(loss.item())
            optimizer.step()
            optimizer.zero_grad()
    trace = trace_of(tmp_path / "run")
    (place,) = trace.sampled("stale_grad_norm").places
    assert [at(trace, "stale_grad_norm", place, step) for step in (1, 2, 3)] == [0, 0, 0]
    assert list(trace.step_signal("loss").mean) == pytest.approx(np.mean(np.reshape(losses, (4, 3)), axis=1))
    (fact,) = trace.facts_of("accumulation")
    assert fact.data == {"backwards_per_step": 3}


# ---- every step -------------------------------------------------------------------------


def test_rate_follows_a_schedule_over_thousands_of_steps(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Linear(1, 1, bias=False)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
        rates, losses = [], []
        for step in range(2500):
            optimizer.param_groups[0]["lr"] = 1e-3 / (1 + step)
            loss = model(torch.ones(1, 1)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rates.append(optimizer.param_groups[0]["lr"])
            losses.append(loss.item())
    trace = trace_of(tmp_path / "run")
    assert list(trace.step_signal("rate").mean) == rates
    assert list(trace.step_signal("loss").mean) == losses


def test_a_rate_that_is_a_tensor_is_read_when_it_is_used(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Linear(1, 1)
        optimizer = torch.optim.Adam(model.parameters(), lr=torch.tensor(1.0))
        for step in range(60):
            optimizer.param_groups[0]["lr"].fill_(1.0 / (step + 1))
            optimizer.zero_grad()
            model(torch.ones(1, 1)).sum().backward()
            optimizer.step()
    rates = trace_of(tmp_path / "run").step_signal("rate").mean
    assert rates == pytest.approx([1 / (step + 1) for step in range(60)])


def test_an_optimizer_without_a_rate(tmp_path):
    class Plain(torch.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {})

        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    p.data.sub_(p.grad, alpha=0.01)

    with watched(tmp_path / "run"):
        model = nn.Linear(1, 1)
        optimizer = Plain(model.parameters())
        for _ in range(60):
            optimizer.zero_grad()
            model(torch.ones(1, 1)).sum().backward()
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    assert trace.steps == 60
    assert np.isnan(trace.step_signal("rate").mean).all()


def test_scaled_losses_are_told_before_the_factor(tmp_path):
    losses = []
    with watched(tmp_path / "run"):
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
        for _ in range(30):
            optimizer.zero_grad()
            loss = F.mse_loss(model(torch.ones(4, 2)), torch.zeros(4, 1))
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            norm = np.linalg.norm(f64(model.weight.grad))
            scaler.step(optimizer)
            scaler.update()
            losses.append(loss.item())
    trace = trace_of(tmp_path / "run")
    assert list(trace.step_signal("loss").mean) == pytest.approx(losses)
    if 29 in trace.sampled("grad_norm").steps:
        assert at(trace, "grad_norm", "weight", 29) == close(norm)


def test_data_and_step_seconds(tmp_path):
    from time import sleep

    from torch.utils.data import DataLoader, Dataset

    class Slow(Dataset):
        def __len__(self):
            return 8

        def __getitem__(self, index):
            sleep(0.03)
            return torch.ones(2)

    with watched(tmp_path / "run"):
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for x in DataLoader(Slow(), batch_size=2):
            optimizer.zero_grad()
            model(x).sum().backward()
            sleep(0.02)
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    data, step = trace.step_signal("data_seconds").mean, trace.step_signal("step_seconds").mean
    assert np.isnan(step[0])  # there is no step before
    assert (data >= 0.06).all() and (step[1:] >= data[1:] + 0.02).all()
    assert data.max() < 3 and step[1:].max() < 5
