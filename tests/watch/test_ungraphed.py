"""Evaluation losses written by hand under no_grad are seen, and nothing else is taken for one."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules import module as module_hooks

from tests.watch.watching import trace_of, watched

WRAPPED = ("__sub__", "sub", "__getitem__", "gather")
ROWS = 40


def data(seed, classes=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(ROWS, 3, generator=generator)
    if classes:
        return x, torch.randint(0, classes, (ROWS,), generator=generator)
    return x, x.sum(1, keepdim=True) + torch.randn(ROWS, 1, generator=generator)


def evaluations(folder, evaluate, loss, classes=0, phases=3):
    """What was recorded, and what float64 makes of the same predictions, of ``phases`` evaluations."""
    outputs = []
    x, y = data(0, classes)
    unseen = data(1, classes)
    with watched(folder):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, classes or 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(phases):
            for _ in range(4):
                model.train()
                optimizer.zero_grad()
                loss(model(x), y).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                evaluate(model, *unseen)
                outputs.append(model(unseen[0]).double())
    assert not set(WRAPPED) & set(vars(Tensor)) and not module_hooks._global_forward_hooks
    return trace_of(folder), [loss(out, unseen[1]).item() for out in outputs]


def squares(z, y):
    return ((z - y) ** 2).mean()


DISTANCES = {
    "mean of squares": lambda m, x, y: ((m(x) - y) ** 2).mean().item(),
    "the other way round, as a root": lambda m, x, y: torch.sqrt(torch.mean((y - m(x)) ** 2)).item(),
    "flat": lambda m, x, y: (m(x).squeeze(1) - y[:, 0]).pow(2).mean(),
    "sub, halves of the data": lambda m, x, y: sum(
        torch.square(m(x[i : i + 20]).sub(y[i : i + 20])).sum() for i in (0, 20)
    ),
    "by column": lambda m, x, y: (m(x)[:, 0] - y[:, 0]).norm().item(),
}


@pytest.mark.parametrize("form", DISTANCES)
@pytest.mark.parametrize("trained_with", [squares, lambda z, y: F.mse_loss(z, y)])
def test_distances(form, trained_with, tmp_path):
    trace, expected = evaluations(tmp_path / "run", DISTANCES[form], trained_with)
    table = trace.sampled("val_loss")
    (place,) = table.places
    assert place.startswith("mse_loss (line ")
    assert list(table.column(place)) == pytest.approx(expected, rel=1e-4)
    assert list(table.steps) == [4, 8, 12]


def likelihood(z, y):
    return -torch.log_softmax(z, 1)[torch.arange(len(y)), y].mean()


LIKELIHOODS = {
    "index": lambda m, x, y: likelihood(m(x), y).item(),
    "range": lambda m, x, y: -(m(x).log_softmax(1)[range(len(y)), y].mean()),
    "gather": lambda m, x, y: -F.log_softmax(m(x), 1).gather(1, y[:, None]).sum(),
}


@pytest.mark.parametrize("form", LIKELIHOODS)
def test_likelihoods_with_their_accuracy(form, tmp_path):
    trace, expected = evaluations(tmp_path / "run", LIKELIHOODS[form], likelihood, classes=4)
    loss = trace.sampled("val_loss")
    assert len(loss.places) >= 1 and loss.places[0].startswith("cross_entropy (line ")
    assert list(loss.values[:, 0]) == pytest.approx(expected, rel=1e-4)
    assert ((trace.sampled("val_accuracy").values >= 0) & (trace.sampled("val_accuracy").values <= 1)).all()


OTHERS = {
    "accuracy": lambda m, x, y: (m(x).argmax(1) == y).float().mean().item(),
    "probability of a class": lambda m, x, y: m(x).softmax(1)[torch.arange(len(y)), y].mean().item(),
    "another model's output": lambda m, x, y: (m(x) - m(x + 0.1)).abs().mean().item(),
    "a distance, where a likelihood is trained": lambda m, x, y: (m(x) - F.one_hot(y, 4)).square().mean(),
    "first rows": lambda m, x, y: m(x)[:5, 0],
    "nobody's log-probabilities": lambda m, x, y: torch.zeros(ROWS, 4)[range(ROWS), y] - m(x)[:, 0],
}


@pytest.mark.parametrize("form", OTHERS)
def test_others_are_left_alone(form, tmp_path):
    trace, _ = evaluations(
        tmp_path / "run", lambda m, x, y: OTHERS[form](m, x, y), lambda z, y: F.cross_entropy(z, y), classes=4
    )
    assert "val_loss" not in trace.tables


def test_training_and_evaluation_in_training_mode_are_never_wrapped(tmp_path):
    x, y = data(0)
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            for step in range(4):
                optimizer.zero_grad()
                squares(model(x), y).backward()
                assert not set(WRAPPED) & set(vars(Tensor))
                optimizer.step()
            model.eval()
            assert "__sub__" in vars(Tensor)
            model.train()
            assert not set(WRAPPED) & set(vars(Tensor))


def test_what_is_done_with_a_model_after_training_works_as_ever(tmp_path):
    import copy
    import io

    x, y = data(0)
    with watched(tmp_path / "run") as session:
        model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            squares(model(x), y).backward()
            optimizer.step()
        model.eval()
        torch.save(model, io.BytesIO())
        copy.deepcopy(model)

        class Centred(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = model

            def forward(self, x):
                z = self.net(x) - x.sum(1, keepdim=True)
                return z[torch.arange(2), torch.zeros(2, dtype=torch.long)]

        centred = Centred().eval()
        with torch.no_grad():
            expected = centred(x)
            with pytest.warns(DeprecationWarning, match="deprecated"):
                scripted = torch.jit.script(centred)
            with pytest.warns(DeprecationWarning, match="deprecated"):
                traced = torch.jit.trace(centred, x)
            assert torch.equal(scripted(x), expected) and torch.equal(traced(x), expected)
            assert "aten::sum" in str(traced.graph) and "log_softmax" not in str(traced.graph)
            for strict in (False, True):
                exported = torch.export.export(centred, (x,), strict=strict)
                torch.testing.assert_close(exported.module()(x), expected)
            torch.testing.assert_close(torch.func.vmap(centred.net)(x), centred.net(x))
    assert session.guard.counts == {}


def test_an_error_of_ours_is_contained(tmp_path, monkeypatch):
    def broken(found):
        raise RuntimeError("planted here")

    monkeypatch.setattr("gradwise.watch.ungraphed.value_of", broken)
    trace, _ = evaluations(tmp_path / "run", DISTANCES["mean of squares"], squares)
    assert "val_loss" not in trace.tables
