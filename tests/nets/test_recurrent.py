"""Recurrent nets: what packing would give, gradients of real steps alone, answers at every step."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gradwise import nets
from gradwise.errors import UsageError

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
FORMS = [
    {"depth": 1, "bidirectional": False},
    {"depth": 3, "bidirectional": False},
    {"depth": 1, "bidirectional": True},
    {"depth": 3, "bidirectional": True},
]
LENGTHS = torch.tensor([9, 4, 1, 6])

each_cell = pytest.mark.parametrize("cell", CELLS)
each_form = pytest.mark.parametrize("form", FORMS, ids=str)


def build(cell: str, **options: object) -> nn.Module:
    torch.manual_seed(0)
    return nets.make(cell, outputs=3, features=2, length=9, units=5, **options).double().eval()


def padded() -> torch.Tensor:
    """(4, 11, 2) float64, two steps longer than the longest; 1e3 where there is nothing."""
    torch.manual_seed(1)
    series = torch.full((4, 11, 2), 1e3, dtype=torch.float64)
    for row, length in enumerate(LENGTHS):
        series[row, :length] = torch.randn(length, 2, dtype=torch.float64)
    return series


def torchs_own(cell: str, net: nn.Module, form: dict) -> nn.Module:
    """torch's stacked layer with the same weights."""
    theirs = CELLS[cell](
        2, 5, num_layers=form["depth"], batch_first=True, bidirectional=form["bidirectional"]
    ).double()
    state = {}
    for ending, layers in (("", net.forwards), ("_reverse", net.backwards)):
        for number, layer in enumerate(layers):
            for name, weight in layer.state_dict().items():
                state[name.replace("_l0", f"_l{number}{ending}")] = weight
    theirs.load_state_dict(state)
    return theirs


@each_cell
@each_form
def test_a_batch_of_unequal_lengths_equals_its_sequences_one_by_one(cell: str, form: dict) -> None:
    for each_step in (False, True):
        net = build(cell, each_step=each_step, **form)
        series = padded()
        together = net(series, LENGTHS)
        for row, length in enumerate(LENGTHS):
            alone = net(series[row : row + 1, :length], length[None])[0]
            told = together[row, :length] if each_step else together[row]
            torch.testing.assert_close(told, alone, rtol=1e-12, atol=1e-12)
        if each_step:
            behind = [together[row, length:].abs().sum().item() for row, length in enumerate(LENGTHS)]
            assert behind == [0.0] * 4


@each_cell
@each_form
def test_stacked_layers_equal_torchs_own_on_packed_sequences(cell: str, form: dict) -> None:
    net = build(cell, each_step=True, **form)
    series = padded()
    packed = pack_padded_sequence(series, LENGTHS, batch_first=True, enforce_sorted=False)
    states, _ = pad_packed_sequence(torchs_own(cell, net, form)(packed)[0], batch_first=True, total_length=11)
    wanted = net.head(states)
    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(
            net(series, LENGTHS)[row, :length], wanted[row, :length], rtol=1e-12, atol=1e-12
        )


@each_cell
@each_form
def test_gradients_flow_through_real_steps_and_no_others(cell: str, form: dict) -> None:
    for each_step in (False, True):
        net = build(cell, each_step=each_step, **form)
        series = padded().requires_grad_()
        net(series, LENGTHS).square().sum().backward()
        assert series.grad is not None
        for row, length in enumerate(LENGTHS):
            assert series.grad[row, :length].abs().amin(dim=1).gt(0).all()
            assert series.grad[row, length:].abs().sum() == 0


@each_cell
def test_weights_have_the_numbers_of_the_page(cell: str) -> None:
    gates = {"rnn": 1, "lstm": 4, "gru": 3}[cell]
    net = build(cell, depth=2, bidirectional=True)
    layers = 2 * gates * 5 * (2 + 5 + 2) + 2 * gates * 5 * (10 + 5 + 2)
    assert sum(weight.numel() for weight in net.parameters()) == layers + 10 * 3 + 3


@each_cell
def test_a_tag_of_a_one_way_net_knows_nothing_of_later_steps(cell: str) -> None:
    series = padded()
    later = series.clone()
    later[:, 3:] += 1
    for both in (False, True):
        net = build(cell, each_step=True, bidirectional=both)
        told, changed = net(series, LENGTHS)[:2, :3], net(later, LENGTHS)[:2, :3]
        assert torch.equal(told, changed) is not both


def test_words_get_an_answer_each_and_the_forget_bias_is_the_lstms_alone() -> None:
    net = nets.make("lstm", outputs=2, vocabulary=9, each_step=True, forget_bias=3.0)
    tags = net(torch.tensor([[3, 4, 5, 0], [2, 3, 4, 8]]), torch.tensor([3, 4]))
    assert tags.shape == (2, 4, 2) and tags[0, 3].tolist() == [0.0, 0.0] and tags[0, 2].abs().sum() > 0
    layer = net.recurrent.forwards[0]
    assert (layer.bias_ih_l0 + layer.bias_hh_l0)[128:256].unique().tolist() == [3.0]
    for kind in ("series", "text"):
        assert "forget_bias" in nets.options("lstm", kind)
        assert "forget_bias" not in nets.options("gru", kind)


@torch.no_grad()
@pytest.mark.filterwarnings("ignore:The tensor attributes .*_flat_weights")  # of torch's own GRU
def test_compiled_and_exported_it_gives_the_same() -> None:
    net = build("gru", each_step=True, bidirectional=True, depth=2)
    series = padded()
    wanted = net(series, LENGTHS)
    # torch 2.13 compiles no recurrent layer, but what stands around it
    torch.testing.assert_close(torch.compile(net, backend="eager")(series, LENGTHS), wanted)
    program = torch.export.export(net, (series, LENGTHS))
    torch.testing.assert_close(program.module()(series, LENGTHS), wanted)


def test_no_layer_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="net 'gru' takes depth, its stacked layers, from 1 on, not 0"):
        build("gru", depth=0)
