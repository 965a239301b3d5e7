"""Simple models beside the network, weight decay beside the gradient, and where a step's time goes."""

from __future__ import annotations

from time import sleep

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.watch.watching import at, trace_of, watched


def train(folder, x, y, make=None, loss="mse_loss", steps=12, batch=32, call=None, **options):
    """Train on batches in order and return the trace; model and loss are looked up while it is watched."""
    with watched(folder):
        model = make() if make else nn.Linear(x.shape[1], y.shape[1])
        judge = getattr(F, loss)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for step in range(steps):
            rows = torch.arange(step * batch, (step + 1) * batch) % len(x)
            optimizer.zero_grad()
            out = model(x[rows]) if call is None else call(model, x[rows])
            judge(out, y[rows], **options).backward()
            optimizer.step()
    return trace_of(folder)


def linear_rows(noise=0.5, rows=160):
    torch.manual_seed(0)
    x = torch.randn(rows, 4)
    return x, x @ torch.tensor([[1.0], [2.0], [-1.0], [0.5]]) + noise * torch.randn(rows, 1)


def last(trace, signal, place="mse_loss"):
    column = trace.sampled(signal).column(place)
    return float(column[np.isfinite(column)][-1])


def test_reference_skill_of_a_linear_task(tmp_path):
    x, y = linear_rows()
    trace = train(tmp_path / "run", x, y)
    rows = int(last(trace, "reference_rows"))
    assert rows in (64, 96, 160)  # judged again when there are 40 % more
    # Least squares in float64, each row left out.
    a = np.hstack([x.double().numpy()[:rows], np.ones((rows, 1))])
    b = y.double().numpy()[:rows]
    errors = []
    for i in range(rows):
        others = np.arange(rows) != i
        fitted = np.linalg.lstsq(a[others], b[others], rcond=None)[0]
        errors.append(((a[i] @ fitted - b[i]) ** 2).item())
    expected = 1 - np.mean(errors) / b.var()
    assert last(trace, "reference_skill") == pytest.approx(expected, abs=0.005)  # ridge's penalty: one row
    assert 0 < last(trace, "reference_error") < 0.05


def test_rows_that_come_back_are_counted_once(tmp_path):
    x, y = linear_rows(rows=64)
    trace = train(tmp_path / "run", x, y, steps=30)
    assert last(trace, "reference_rows") == 64


def test_classes_are_told_by_lift(tmp_path):
    torch.manual_seed(0)
    x = torch.randn(320, 6)
    y = x[:, :3].argmax(dim=1)
    trace = train(tmp_path / "run", x, y, lambda: nn.Linear(6, 3), "cross_entropy")
    assert 0.6 < last(trace, "reference_skill", "cross_entropy") <= 1
    assert 0.5 < last(trace, "neighbour_skill", "cross_entropy") <= 1


def test_long_inputs_are_projected_without_touching_random_states(tmp_path):
    torch.manual_seed(0)
    x = torch.randn(320, 3000)
    y = x[:, :600].sum(dim=1, keepdim=True)
    model = nn.Linear(3000, 1)
    torch.manual_seed(1)
    trace = train(tmp_path / "run", x, y, lambda: nn.Sequential(nn.Linear(3000, 1)).requires_grad_())
    drawn = torch.rand(4)
    torch.manual_seed(1)
    model.reset_parameters()
    assert torch.equal(torch.rand(4), drawn)
    assert last(trace, "reference_rows") >= 64


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 1)

    def forward(self, x, other=None):
        return self.linear(x) if other is None else self.linear(x) + other


@pytest.mark.parametrize("why", ["two inputs", "twice", "weighted", "wide targets", "ids"])
def test_it_abstains(why, tmp_path):
    x, y = linear_rows()
    make, call, loss, options = Two, None, "mse_loss", {}
    if why == "two inputs":
        call = lambda net, rows: net(rows, rows[:, :1])  # noqa: E731
    elif why == "twice":
        call = lambda net, rows: net(rows) + net(-rows)  # noqa: E731
    elif why == "weighted":
        y, loss = (y > 0).float(), "binary_cross_entropy_with_logits"
        options = {"pos_weight": torch.tensor([3.0])}
    elif why == "wide targets":
        y, make = y.expand(-1, 20).clone(), lambda: nn.Linear(4, 20)
    else:
        x = torch.randint(0, 9, (160, 4))
        make = lambda: nn.Sequential(nn.Embedding(9, 1), nn.Flatten(), nn.Linear(4, 1))  # noqa: E731
    trace = train(tmp_path / "run", x, y, make, loss, call=call, **options)
    assert trace.sampled("reference_skill").places == ()
    assert len(trace.sampled("criterion"))


# ---- weight decay -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
def test_decay_share(kind, tmp_path):
    torch.manual_seed(2)
    shares = []
    with watched(tmp_path / "run"):
        model = nn.Linear(5, 3)
        groups = [
            {"params": [model.weight], "weight_decay": 0.3},
            {"params": [model.bias], "weight_decay": 0.0},
        ]
        optimizer = getattr(torch.optim, kind)(groups, lr=0.02)
        for _ in range(5):
            optimizer.zero_grad()
            F.mse_loss(model(torch.randn(8, 5)), torch.ones(8, 3)).backward()
            weight, grad = model.weight.detach().double().clone(), model.weight.grad.double()
            optimizer.step()
            term = 0.3 * weight.norm()
            change = (model.weight.detach().double() - weight).norm()
            shares.append((0.02 * term / change if kind == "AdamW" else term / grad.norm()).item())
    trace = trace_of(tmp_path / "run")
    assert trace.sampled("decay_share").places == ("weight",)
    assert [at(trace, "decay_share", "weight", step) for step in range(5)] == pytest.approx(shares, rel=1e-4)


# ---- time -------------------------------------------------------------------------------


class Slow(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        sleep(0.04)
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        sleep(0.08)
        return grad


class SlowOptimizer(torch.optim.Optimizer):
    def __init__(self, parameters):
        super().__init__(parameters, {"lr": 0.01})

    def step(self, closure=None):
        sleep(0.06)


def test_the_step_is_split_by_what_takes_its_time(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Linear(4, 1)
        optimizer = SlowOptimizer(model.parameters())
        for _ in range(5):
            optimizer.zero_grad()
            F.mse_loss(Slow.apply(model(torch.randn(8, 4))), torch.zeros(8, 1)).backward()
            sleep(0.02)  # belongs to none of the three
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    whole = trace.step_signal("step_seconds").mean
    for step in range(1, 5):
        parts = [at(trace, f"{part}_seconds", "step", step) for part in ("forward", "backward", "optimizer")]
        assert all(part >= least for part, least in zip(parts, (0.04, 0.08, 0.06), strict=True))
        assert sum(parts) <= whole[step] - 0.02


def test_what_is_fused_is_told(tmp_path):
    for number, (options, told) in enumerate(
        [({}, "possible"), ({"fused": True}, "used"), ({"foreach": False}, "none")]
    ):
        with watched(tmp_path / f"run{number}"):
            model = nn.Linear(2, 1)
            optimizer = torch.optim.Adam(model.parameters(), **options)
            model(torch.ones(1, 2)).sum().backward()
            optimizer.step()
        (fact,) = trace_of(tmp_path / f"run{number}").facts_of("optimizer")
        assert fact.data["fused"] == told


# ---- waiting for an accelerator ---------------------------------------------------------


def test_reads_are_counted_once_each_and_only_within_the_step(tmp_path):
    methods = {name: getattr(torch.Tensor, name) for name in ("item", "tolist", "cpu", "__float__")}
    with watched(tmp_path / "run") as session:
        session.sampler.syncs.host = "nowhere"  # stands for an accelerator: the CPU has to be waited for
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for step in range(5):
            optimizer.zero_grad()
            loss = F.mse_loss(model(torch.ones(4, 2)), torch.zeros(4, 1))
            loss.backward()
            optimizer.step()
            if step != 2:
                float(loss.detach())
                loss.detach().cpu().tolist()
    trace = trace_of(tmp_path / "run")
    # What is read after a step counts to the next one: three reads, none after step 2.
    counts = [at(trace, "sync_calls", "step", step) for step in (1, 2, 3, 4)]
    assert counts[0] - counts[2] == 3
    assert counts == [counts[0], counts[0], counts[2], counts[0]]
    assert all(getattr(torch.Tensor, name) is method for name, method in methods.items())


def test_reads_on_the_cpu_are_not_counted(tmp_path):
    x, y = linear_rows()
    assert train(tmp_path / "run", x, y).sampled("sync_calls").places == ()
