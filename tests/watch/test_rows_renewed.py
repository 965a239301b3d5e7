"""Batches that are made for their step, and rows that are copies of each other."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.watch.prints import FINE_ROWS, finest
from tests.watch.watching import trace_of, watched

STEPS = 8
ROWS = torch.randn(64, 5, generator=torch.Generator().manual_seed(4))
ORDER = torch.arange(8)
KEPT, PART = ROWS[:32].clone(), ROWS[:8]


def fewest_by_hand(x):
    rows = x[:FINE_ROWS].reshape(min(len(x), FINE_ROWS), -1).tolist()
    columns = zip(*rows, strict=True)
    return min(sum(a == b for a, b in itertools.combinations(column, 2)) for column in columns)


@pytest.mark.parametrize(
    "x",
    [
        torch.randn(50, 10),
        torch.randn(40, 6)[torch.randint(0, 40, (120,))],
        torch.randint(0, 3, (100, 6)).float(),
        torch.randn(300, 2, 3).double(),
        torch.tensor([[1.0, 2.0], [1.0, 2.0], [1.0, 3.0], [2.0, 2.0]]),
    ],
    ids=["continuous", "copies", "few values", "longer", "small"],
)
def test_the_finest_column(x):
    assert finest(x).item() == fewest_by_hand(x)


def test_whole_numbers_and_single_rows_have_none():
    assert finest(torch.zeros(4, 3, dtype=torch.long)) is None
    assert finest(torch.zeros(1, 3)) is None


@pytest.mark.parametrize(
    ("batch", "renewed"),
    [
        (lambda: KEPT, 0),
        (lambda: PART, 0),
        (lambda: ROWS[:8], STEPS - 1),
        (lambda: ROWS[ORDER], STEPS - 1),
        (lambda: ROWS[:48], 0),
        (lambda: KEPT.view(32, 5), 0),
    ],
    ids=["kept", "a part that is kept", "cut at each step", "copied at each step", "most of it", "a view"],
)
def test_a_batch_that_is_kept_is_told_from_one_that_is_cut_again(batch, renewed, tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Linear(5, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for _ in range(STEPS):
            optimizer.zero_grad()
            F.mse_loss(model(batch()), torch.zeros(len(batch()), 1)).backward()
            optimizer.step()
    data = trace_of(tmp_path / "run").facts_of("rows")[-1].data
    assert (data["renewed"], data["same"]) == (renewed, data["batches"] - 1)
    assert data["finest"] == data["finest_twins"] == 0


@pytest.mark.parametrize(
    ("batch", "parts"),
    [(lambda n: ROWS[:48], 0), (lambda n: ROWS[8 * (n // 4) :][:8], STEPS)],
    ids=["all", "part"],
)
def test_a_network_without_modules_has_rows_too(batch, parts, tmp_path):
    first, second = torch.randn(5, 6, requires_grad=True), torch.randn(6, 1, requires_grad=True)
    with watched(tmp_path / "run"):
        optimizer = torch.optim.SGD([first, second], lr=0.01)
        for number in range(STEPS):
            x = batch(number)
            optimizer.zero_grad()
            F.mse_loss(torch.tanh(x @ first) @ second, torch.zeros(len(x), 1)).backward()
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    fact = trace.facts_of("rows")[-1]
    assert (fact.where, fact.data["batches"], fact.data["parts"]) == ("the network", STEPS, parts)
    assert fact.data["distinct"] == (16 if parts else 48)
    assert trace.sampled("input_rms").places == ("the network",)
