"""States that a recurrent module takes over from the step before."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.watch.watching import trace_of, watched

STEPS = 9


def run(folder, kind, start):
    """Train on batches of 6 sequences; ``start`` makes the state of a step from the end of the one before."""
    torch.manual_seed(0)
    cell = kind(3, 5)
    loop = isinstance(cell, nn.RNNCellBase)
    head, end = nn.Linear(5, 1), None
    with watched(folder):
        model = nn.ModuleList([cell, head])
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for _ in range(STEPS):
            x, state = torch.randn(4, 6, 3), start(end)
            if loop:
                for piece in x:
                    state = cell(piece, state)
                out, end = state, state
            else:
                outs, end = cell(x, state)
                out = outs[-1]
            optimizer.zero_grad()
            F.mse_loss(head(out).squeeze(1), x.sum((0, 2))).backward()
            optimizer.step()
    return trace_of(folder).facts_of("carried")


def detached(end):
    if isinstance(end, tuple):
        return tuple(part.detach() for part in end)
    return end if end is None else end.detach()


def copied(end):
    return None if end is None else end.detach().clone()


@pytest.mark.parametrize(
    ("kind", "start"), [(nn.GRU, detached), (nn.RNN, copied), (nn.LSTM, detached), (nn.GRUCell, detached)]
)
def test_a_state_that_goes_on(kind, start, tmp_path):
    told = run(tmp_path / "run", kind, start)[-1].data
    ((carried, compared),) = told.values()
    assert carried == compared >= 4


@pytest.mark.parametrize(
    "start",
    [lambda _: None, lambda _: torch.zeros(1, 6, 5), lambda _: torch.randn(1, 6, 5)],
    ids=["none", "zeros", "drawn"],
)
def test_a_state_of_its_own(start, tmp_path):
    assert run(tmp_path / "run", nn.GRU, start) == ()
