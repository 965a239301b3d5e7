"""temper-scores: a softmax within a network begins undecided, and is otherwise the script's own."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.heal.treatment import Cure
from tests.remedies.nets import CLASSES, NETS, batches, close, did, same, sgd, treatment

each_net = pytest.mark.parametrize("kind", NETS)
CURE = Cure("temper-scores")
SOFTMAX = {
    "function": lambda scores: F.softmax(scores, dim=-1),
    "torch": lambda scores: torch.softmax(scores, -1),
    "method": lambda scores: scores.softmax(dim=-1),
    "module": nn.Softmax(dim=-1),
}


class Attending(nn.Module):
    """One of the nets as encoder of several views, and attention over these."""

    def __init__(self, kind, times, softmax):
        super().__init__()
        self.encoder, self.query = kind(), nn.Linear(CLASSES, 16)
        self.key, self.head = nn.Linear(CLASSES, 16), nn.Linear(CLASSES, CLASSES)
        self.times, self.softmax = times, softmax

    def forward(self, x):
        views = torch.stack([self.encoder(x), self.encoder(-x), self.encoder(2 * x), self.encoder(x * 0)], 1)
        scores = self.query(views) @ self.key(views).transpose(1, 2) * self.times
        return self.head((self.softmax(scores) @ views).mean(1))


def trained(kind, times, softmax="function", steps=4):
    torch.manual_seed(3)
    net = Attending(kind, times, SOFTMAX[softmax])
    optimizer = sgd(net)
    torch.manual_seed(4)
    for x, y in batches(net.encoder, steps):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    return net


def divisor(run):
    text = next(iter(did(run)))
    return float(text.split(" divided by ")[1].split()[0])


@each_net
@pytest.mark.parametrize("softmax", SOFTMAX)
def test_scores_are_divided_as_by_the_edit(kind, softmax):
    with treatment(CURE) as run:
        healed = trained(kind, 400.0, softmax)
    assert len(did(run)) == 1
    assert divisor(run) > 2
    assert close(healed, trained(kind, 400.0 / divisor(run), softmax))
    assert not close(healed, trained(kind, 400.0, softmax))


@each_net
def test_scores_that_begin_small_stay_the_same_bits(kind):
    with treatment(CURE) as run:
        healed = trained(kind, 0.25)
    assert same(healed, trained(kind, 0.25))
    assert run.charts[0].idle


def test_the_number_is_that_of_the_first_call_and_masked_entries_do_not_count():
    first = torch.tensor([[10.0, -10.0, -math.inf], [10.0, -10.0, 0.0]])
    with treatment(CURE) as run:
        results = [F.softmax(scores, dim=1) for scores in (first, first * 10, first / 10)]
        other = torch.softmax(torch.tensor([[1.0, -1.0]]), 1)
    assert divisor(run) == pytest.approx(10.0, rel=0.2)
    for scores, result in zip((first, first * 10, first / 10), results, strict=True):
        torch.testing.assert_close(result, (scores / divisor(run)).softmax(1))
    assert torch.equal(other, torch.softmax(torch.tensor([[1.0, -1.0]]), 1))
    assert torch.equal(F.softmax(first, 1), first.softmax(1))  # undone
