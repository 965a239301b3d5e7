"""Losses written out by hand are read as the library functions that they equal."""

import pytest
import torch
from torch import nn

from gradwise.watch.handmade import recognise, value_of
from tests.watch.watching import trace_of, watched


def model_output(units=1):
    """Output of a linear layer, shape (6, units), and what the sampler keeps of it."""
    out = nn.Linear(3, units)(torch.randn(6, 3))
    return out, {id(out.grad_fn): out.detach()}


DISTANCES = {
    "mean of squares": lambda p, y: ((p - y) ** 2).mean(),
    "torch.mean": lambda p, y: torch.mean((y - p) ** 2),
    "pow and sum": lambda p, y: (p - y).pow(2).sum() / 6,
    "scaled": lambda p, y: 1000 * ((p - y) ** 2).mean(),
    "root": lambda p, y: torch.sqrt(((p - y) ** 2).mean()),
}


@pytest.mark.parametrize("form", DISTANCES)
def test_squared_distances(form):
    prediction, outputs = model_output()
    target = torch.randn(6, 1)
    found = recognise(DISTANCES[form](prediction, target), outputs)
    assert found is not None and found.function == "mse_loss"
    torch.testing.assert_close(found.target, target, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(value_of(found), ((prediction.detach() - target) ** 2).mean())


def test_absolute_distance_through_a_squeeze():
    prediction, outputs = model_output()
    target = torch.randn(6)
    found = recognise((prediction.squeeze(1) - target).abs().mean(), outputs)
    assert found is not None and found.function == "l1_loss"
    torch.testing.assert_close(found.target, target, atol=1e-6, rtol=1e-5)


def test_functional_sigmoid_before_the_distance():
    out, outputs = model_output()
    prediction = torch.sigmoid(out)
    found = recognise(((prediction - torch.full((6, 1), 3.0)) ** 2).mean(), outputs)
    assert found is not None
    torch.testing.assert_close(found.prediction, prediction.detach())
    assert found.source.name() == "SigmoidBackward0"


@pytest.mark.parametrize("pick", ["gather", "index"])
def test_likelihood_of_classes(pick):
    scores, outputs = model_output(4)
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    log = torch.log_softmax(scores, 1)
    picked = log.gather(1, labels[:, None]) if pick == "gather" else log[torch.arange(6), labels]
    found = recognise(-picked.mean(), outputs)
    assert found is not None and found.function == "cross_entropy"
    assert torch.equal(found.target, labels)
    torch.testing.assert_close(value_of(found), torch.nn.functional.cross_entropy(scores.detach(), labels))


@pytest.mark.parametrize(
    "loss",
    [
        lambda p: p.mean(),  # a critic's score
        lambda p: -(torch.log(p.sigmoid()) * torch.randn(6, 1)).mean(),  # policy gradient
        lambda p: ((p - p.flip(0)) ** 2).mean(),  # two predictions compared
        lambda p: (p**2).mean(),  # a penalty on the output itself
        lambda p: ((p - torch.randn(6, 1)) ** 2).mean() + p.abs().mean(),  # several terms
    ],
)
def test_others_are_left_alone(loss):
    prediction, outputs = model_output()
    assert recognise(loss(prediction), outputs) is None


def test_a_likelihood_in_a_run_is_no_evaluation(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 4)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        for _ in range(8):
            optimizer.zero_grad()
            log = torch.log_softmax(model(torch.randn(6, 3)), 1)
            (-log[range(6), torch.tensor([0, 1, 2, 3, 0, 1])].mean()).backward()
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    assert "cross_entropy" in trace.sampled("criterion").places
    assert "val_loss" not in trace.tables


def test_in_a_run_it_gives_the_trivial_predictor(tmp_path):
    torch.manual_seed(0)
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        for _ in range(12):
            x = torch.randn(64, 3)
            optimizer.zero_grad()
            (1000 * ((model(x) - x.sum(1, keepdim=True)) ** 2).mean()).backward()
            for p in model.parameters():
                p.grad /= 1000
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    (fact,) = trace.facts_of("loss-call")
    assert fact.data["function"] == "mse_loss" and fact.data["producer"] == "linear"
    loss, criterion = trace.step_signal("loss").mean, trace.sampled("criterion").column("mse_loss")
    assert criterion[:10] == pytest.approx(loss[:10] / 1000, rel=1e-4)
    assert trace.sampled("trivial").column("mse_loss")[-1] == pytest.approx(3.0, rel=0.25)
