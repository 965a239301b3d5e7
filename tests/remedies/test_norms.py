"""Norms that are put behind layers or in the place of others, and biases of gates."""

import copy
import io

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.heal.treatment import Cure
from tests.remedies.nets import (
    CLASSES,
    CNN,
    MLP,
    NETS,
    RNN,
    SHAPES,
    could_not,
    did,
    treatment,
    weights,
)
from tests.remedies.stacks import Plane, Stack, alike, fitted

# ---- norms ---------------------------------------------------------------------------


class Normed(nn.Module):
    """The MLP of `nets` with norms written in."""

    def __init__(self, make):
        super().__init__()
        self.fc1, self.norm1, self.fc2, self.norm2 = nn.Linear(6, 16), make(), nn.Linear(16, 16), make()
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x):
        return self.head(F.relu(self.norm2(self.fc2(F.relu(self.norm1(self.fc1(x)))))))


SHAPES[Normed] = (6,)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("cure", "kind"), [("batch-norm", nn.BatchNorm1d), ("layer-norm", nn.LayerNorm)])
def test_norms_are_trained_as_if_they_were_written(cure, kind, late):
    healed, run = fitted(MLP, Cure(cure), late=late)
    assert (
        alike(healed, fitted(lambda: Normed(lambda: kind(16)), late=late)[0]) is False
    )  # the norms are gone
    with treatment(Cure(cure)):
        torch.manual_seed(0)
        net = MLP()
        net(torch.zeros(2, 6))
        assert f"fc1.{cure.replace('-', '_')}.weight" in net.state_dict()
    assert set(did(run)) == {f"{kind.__name__} behind fc1", f"{kind.__name__} behind fc2"}
    wanted = fitted(lambda: Normed(lambda: kind(16)), late=late)[0]
    for name in ("fc1", "fc2", "head"):
        assert torch.equal(getattr(healed, name).weight, getattr(wanted, name).weight)
    held = {id(p) for group in healed.optimizer[0].param_groups for p in group["params"]}
    assert held == {id(p) for p in healed.parameters()}
    assert set(map(id, healed.optimizer[0].state)) <= held


@pytest.mark.parametrize("kind", [CNN, RNN, Plane])
@pytest.mark.parametrize("cure", ["batch-norm", "layer-norm"])
def test_norms_in_other_nets(cure, kind):
    healed, run = fitted(kind, Cure(cure))
    expected = {
        (CNN, "batch-norm"): set(),  # it has one already
        (CNN, "layer-norm"): set(),
        (RNN, "batch-norm"): set(),
        (RNN, "layer-norm"): {"LayerNorm behind rnn"},
        (Plane, "batch-norm"): {"BatchNorm2d behind one", "BatchNorm2d behind two"},
        (Plane, "layer-norm"): {"GroupNorm behind one", "GroupNorm behind two"},
    }[kind, cure]
    assert set(did(run)) == expected
    assert alike(healed, fitted(kind)[0]) == (not expected)
    assert could_not(run) if not expected else not could_not(run)


def test_a_place_that_is_an_activation_means_the_layer_before_it():
    _, run = fitted(lambda: Stack(nn.ReLU), Cure("batch-norm", where=("rows.3",)))
    assert set(did(run)) == {"BatchNorm1d behind rows.2"}


def test_single_samples_long_inputs_modes_and_copies():
    with treatment(Cure("batch-norm")) as run:
        net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2))
        net(torch.randn(4, 6))
        assert net(torch.randn(1, 6)).shape == (1, 2)
        assert net(torch.randn(3, 5, 6)).shape == (3, 5, 2)
        assert not net.eval()[0].batch_norm.training
        twin = copy.deepcopy(net)
        x = torch.randn(4, 6)
        assert torch.equal(twin(x), net(x))
        torch.save(net, io.BytesIO())
    assert not could_not(run)
    assert not hasattr(net[0], "batch_norm")


def test_losses_are_no_models():
    with treatment(Cure("batch-norm")) as run:
        nn.CrossEntropyLoss()(torch.zeros(2, 3), torch.tensor([0, 1]))
    assert could_not(run) == []


def test_heads_side_by_side_are_no_hidden_layers():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.policy, self.value = nn.Linear(6, 8), nn.Linear(8, 3), nn.Linear(8, 1)

        def forward(self, x):
            x = torch.tanh(self.body(x))
            return self.policy(x) + self.value(x)

    SHAPES[Two] = (6,)
    assert set(did(fitted(Two, Cure("batch-norm"))[1])) == {"BatchNorm1d behind body"}


# ---- group-norm ----------------------------------------------------------------------


def with_norm(kind, make):
    def made():
        net = kind()
        net.norm = make(4)
        return net

    return made


def test_batch_norms_become_group_norms_with_the_same_parameters():
    healed, run = fitted(CNN, Cure("group-norm"))
    assert did(run) == {"norm (BatchNorm2d) → GroupNorm(2, 4)": 1}
    wanted = fitted(with_norm(CNN, lambda c: nn.GroupNorm(2, c)))[0]
    assert {n for n, _ in healed.named_parameters()} == {n for n, _ in wanted.named_parameters()}
    assert all(torch.equal(p, q) for p, q in zip(healed.parameters(), wanted.parameters(), strict=True))
    assert isinstance(healed.norm, nn.BatchNorm2d)
    assert torch.equal(healed.norm.running_mean, torch.zeros(4))


def test_names_stay_and_a_batch_of_one_works():
    with treatment(Cure("group-norm", {"groups": 4})) as run:
        net = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))
        names = list(net.state_dict())
        net(torch.ones(1, 6)).sum().backward()
        assert list(net.state_dict()) == names
        assert isinstance(copy.deepcopy(net)[1], nn.GroupNorm)
    assert did(run) == {"1 (BatchNorm1d) → GroupNorm(2, 16)": 1}


# ---- forget-bias ---------------------------------------------------------------------


class Memory(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.head = nn.LSTM(5, 8, 2, batch_first=True, bidirectional=True), nn.Linear(16, CLASSES)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


SHAPES[Memory] = (4, 5)


def test_forget_gates_start_open_as_in_the_edited_script():
    def edited():
        net = Memory()
        with torch.no_grad():
            for name, bias in net.lstm.named_parameters():
                if name.startswith("bias_ih"):
                    bias[8:16].fill_(2.0)
        return net

    healed, run = fitted(Memory, Cure("forget-bias", {"bias": 2.0}))
    assert alike(healed, fitted(edited)[0])
    assert did(run) == {"forget gates of lstm start at 2": 1}


def test_before_the_first_step_it_is_undone_and_others_are_left():
    torch.manual_seed(0)
    net = Memory()
    before = weights(net)
    with treatment(Cure("forget-bias")):
        net(torch.ones(1, 4, 5))
        assert not torch.equal(net.lstm.bias_ih_l0, before["lstm.bias_ih_l0"])
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    for kind in NETS:
        with treatment(Cure("forget-bias")) as run:
            kind()(torch.ones(2, *SHAPES[kind]))
        assert run.charts[0].idle
