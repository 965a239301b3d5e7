"""A tag for every step of sequences of unequal lengths, by the training loop in Python."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gradwise import nets
from gradwise.data.examples import Examples
from gradwise.train.batches import Batches
from gradwise.train.loop import evaluate, fit
from gradwise.train.training import Training

PADDING = -100  # tag of a step behind the end; what torch's cross-entropy passes over
LONGEST, ROWS = 12, 512


class EachStep(nn.Module):
    """Cross-entropy over all real steps of a batch."""

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(B, T, K), (B, T) -> ()."""
        return functional.cross_entropy(outputs.flatten(0, 1), target.flatten(), ignore_index=PADDING)


def peaks(rows: int, seed: int) -> Examples:
    """Random walks; tagged 1 where a step is above its neighbours on both sides, which no past alone can tell."""
    random = np.random.default_rng(seed)
    series = random.normal(0, 1, (rows, LONGEST, 1)).astype(np.float32)
    lengths = random.integers(4, LONGEST + 1, rows)
    behind = np.arange(LONGEST) >= lengths[:, None]  # (rows, T)
    series[behind] = 0
    tags = np.zeros((rows, LONGEST), np.int64)
    flat = series[..., 0]
    tags[:, 1:-1] = (flat[:, 1:-1] > flat[:, :-2]) & (flat[:, 1:-1] > flat[:, 2:])
    tags[np.arange(rows), lengths - 1] = 0  # the last has no right neighbour
    tags[behind] = PADDING
    return Examples({"series": series, "lengths": lengths}, tags)


def trained(bidirectional: bool) -> tuple[nn.Module, float]:
    """A net, and its share of right tags on new sequences."""
    torch.manual_seed(0)
    net = nets.make("gru", outputs=2, features=1, units=16, bidirectional=bidirectional, each_step=True)
    training = Training(net, torch.optim.Adam(net.parameters(), 0.02), EachStep())
    fit(training, Batches(peaks(ROWS, 0), 64, seed=0, by_length=False), epochs=12)
    new = peaks(ROWS, 1)
    with torch.no_grad():
        tags = net.eval()(*(torch.from_numpy(array) for array in new.inputs.values())).argmax(2).numpy()
    real = new.target != PADDING
    assert evaluate(net, Batches(new, 64, shuffle=False), EachStep())["loss"] > 0
    return net, float((tags == new.target)[real].mean())


def test_both_directions_tag_what_one_cannot_know() -> None:
    (_, one), (_, both) = trained(False), trained(True)
    real = peaks(ROWS, 1).target
    most = float((real[real != PADDING] == 0).mean())  # what the commoner tag scores
    assert both > 0.95
    assert most - 0.05 < one < 0.9


def test_padding_has_no_part_in_the_loss_nor_in_its_gradient() -> None:
    net, _ = trained(True)
    rows = peaks(8, 2)
    series, lengths = (torch.from_numpy(array) for array in rows.inputs.values())
    tags = torch.from_numpy(rows.target)
    wider = functional.pad(series, (0, 0, 0, 5), value=7.0)
    wider_tags = functional.pad(tags, (0, 5), value=PADDING)
    losses, gradients = [], []
    for inputs, target in ((series, tags), (wider, wider_tags)):
        net.zero_grad()
        loss = EachStep()(net(inputs, lengths), target)
        loss.backward()
        losses.append(loss.item())
        gradients.append(torch.cat([weight.grad.flatten() for weight in net.parameters()]))
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-6)
