"""The range test for one's own loop: on digits, on copies, and what it refuses."""

from __future__ import annotations

import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from gradwise.errors import UsageError
from gradwise.train.rate_finding import find_rate


@pytest.fixture(scope="module")
def loader() -> DataLoader:
    data = load_digits()
    rows = TensorDataset(torch.tensor(data.data / 16, dtype=torch.float32), torch.tensor(data.target))
    return DataLoader(rows, batch_size=64)


def mlp() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))


@pytest.mark.parametrize(
    ("make", "low", "high"),
    [
        (lambda weights: torch.optim.SGD(weights, lr=0.01), 0.02, 3.0),
        (lambda weights: torch.optim.SGD(weights, lr=0.01, momentum=0.9), 0.003, 0.3),
        (lambda weights: torch.optim.Adam(weights, lr=0.001), 0.001, 0.05),
    ],
)
def test_the_rate_that_is_found_trains_digits_better_than_a_tenth_of_it(loader, make, low, high) -> None:
    model = mlp()
    test = find_rate(model, make(model.parameters()), nn.CrossEntropyLoss(), loader)
    assert test.found and low < test.suggestion < high
    losses = []
    for rate in (test.suggestion, test.suggestion / 10):
        twin = mlp()
        optimizer = make(twin.parameters())
        optimizer.param_groups[0]["lr"] = rate
        for inputs, target in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(twin(inputs), target)
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    assert losses[0] < losses[1]


def test_model_optimizer_and_random_state_stay_as_they_were(loader) -> None:
    model = mlp().eval()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    batches = list(loader)
    state = torch.get_rng_state()
    test = find_rate(model, optimizer, nn.functional.cross_entropy, batches)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not model.training and all(weight.grad is None for weight in model.parameters())
    assert optimizer.param_groups[0]["lr"] == 0.002 and not optimizer.state
    assert torch.equal(torch.get_rng_state(), state)
    again = find_rate(model, optimizer, nn.functional.cross_entropy, batches)
    assert again.losses.tolist() == test.losses.tolist()
    assert len(test.smooth) == len(test.losses) == len(test.rates)
    assert test.rates[0] == pytest.approx(2e-6) and test.smooth.min() < 0.7 * test.losses[0]


def test_inputs_may_come_as_a_tuple_and_batches_without_end() -> None:
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
            return self.weight * (left + right)

    def endless():
        while True:
            yield [torch.ones(4), torch.ones(4)], torch.ones(4)

    model = Sum()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    test = find_rate(model, optimizer, nn.MSELoss(), endless())
    assert test.found and 0.001 < test.suggestion < 0.25  # stable below 2 / (2 · 4)


def test_refusals(loader) -> None:
    model = mlp()
    good = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = next(iter(loader))
    groups = [{"params": model[0].parameters(), "lr": 0.1}, {"params": model[3].parameters(), "lr": 0.2}]
    for optimizer, batches, said in (
        (good, [], "at least one batch, and there is none"),
        (good, [x], "pairs of inputs and target, not Tensor"),
        (good, [(x, y, y)], "pairs of inputs and target, not 3 parts"),
        (good, [("a", y)], "a tensor or a tuple of tensors"),
        (torch.optim.SGD(groups, lr=0.1), loader, r"one rate above 0 for all groups .* not 0\.1, 0\.2"),
        (torch.optim.SGD(model.parameters(), lr=0.0), loader, r"one rate above 0 .* not 0\."),
        (0.1, loader, "takes a torch optimizer as its second, not float"),
    ):
        with pytest.raises(UsageError, match=said):
            find_rate(model, optimizer, nn.CrossEntropyLoss(), batches)
