"""Nets on sequences: padding never counts, packing's answers without packing."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from gradwise import nets
from gradwise.nets.lengths import turned

ALL = [
    (name, kind, options)
    for name in ("rnn", "lstm", "gru")
    for kind in ("series", "text")
    for options in ({}, {"bidirectional": True, "depth": 2})
] + [("cnn1d", "series", {}), ("cnn1d", "text", {})]


def build(name: str, kind: str, options: dict) -> nn.Module:
    torch.manual_seed(0)
    shape = {"features": 2, "length": 30} if kind == "series" else {"vocabulary": 20, "length": 30}
    return nets.make(name, outputs=3, units=8, **shape, **options).eval()


def sequences(kind: str, steps: int) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(4, steps, 2) if kind == "series" else torch.randint(2, 20, (4, steps))


@pytest.mark.parametrize(("name", "kind", "options"), ALL)
def test_padding_changes_nothing(name: str, kind: str, options: dict) -> None:
    net = build(name, kind, options)
    full = sequences(kind, 9)
    lengths = torch.tensor([9, 4, 1, 6])
    alone = torch.cat([net(full[i : i + 1, :n], lengths[i : i + 1]) for i, n in enumerate(lengths)])
    padded = torch.zeros(4, 15, *full.shape[2:], dtype=full.dtype)
    for i, n in enumerate(lengths):
        padded[i, :n] = full[i, :n]
    torch.testing.assert_close(net(padded, lengths), alone)
    if kind == "series":
        padded[1, 4:] = 1e6  # nor does what stands in the padding
        torch.testing.assert_close(net(padded, lengths), alone)


@pytest.mark.parametrize(("name", "kind", "options"), ALL)
def test_what_comes_last_counts(name: str, kind: str, options: dict) -> None:
    net = build(name, kind, options)
    sequence, lengths = sequences(kind, 9), torch.tensor([9, 9, 9, 9])
    changed = sequence.clone()
    changed[:, 8] = changed[:, 8] + 1 if kind == "series" else (changed[:, 8] - 1).clamp(min=2)
    moved = (net(sequence, lengths) - net(changed, lengths)).abs().sum(1)
    assert (
        (moved[changed[:, 8].flatten(1).ne(sequence[:, 8].flatten(1)).any(1)] > 0).all()
        if kind == "series"
        else (moved.sum() > 0)
    )


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_both_directions_equal_torchs_own_on_packed_sequences(cell: str) -> None:
    ours = build(cell, "series", {"bidirectional": True})
    theirs = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell](2, 8, batch_first=True, bidirectional=True)
    state = dict(ours.forwards[0].state_dict())
    state |= {name + "_reverse": value for name, value in ours.backwards[0].state_dict().items()}
    theirs.load_state_dict(state)
    series, lengths = sequences("series", 9), torch.tensor([9, 4, 1, 6])
    _, last = theirs(pack_padded_sequence(series, lengths, batch_first=True, enforce_sorted=False))
    last = last[0] if cell == "lstm" else last  # (2, N, H)
    torch.testing.assert_close(ours(series, lengths), ours.head(torch.cat([last[0], last[1]], 1)))


def test_an_empty_sequence_is_no_error() -> None:
    for name in ("lstm", "cnn1d"):
        assert build(name, "series", {})(torch.zeros(2, 5, 2), torch.tensor([0, 5])).isfinite().all()


def test_turning_twice_is_turning_not() -> None:
    series, lengths = sequences("series", 9), torch.tensor([9, 4, 1, 6])
    assert torch.equal(turned(turned(series, lengths), lengths), series)


def test_the_forget_gate_starts_open() -> None:
    layer = build("lstm", "series", {}).forwards[0]
    bias = layer.bias_ih_l0 + layer.bias_hh_l0
    assert bias[8:16].tolist() == [1.0] * 8
    assert bias[:8].abs().max() < 1.0


@pytest.mark.filterwarnings("ignore:The tensor attributes .*_flat_weights")  # of torch's own LSTM
@pytest.mark.parametrize("name", ["lstm", "cnn1d"])
def test_can_be_exported_with_lengths_left_open(name: str) -> None:
    net = build(name, "series", {})
    series, lengths = sequences("series", 9), torch.tensor([9, 4, 1, 6])
    program = torch.export.export(net, (series, lengths))
    other = torch.tensor([2, 9, 9, 3])
    torch.testing.assert_close(program.module()(series, other), net(series, other))
