"""Activations that are computed in another way."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.heal.treatment import Cure
from tests.remedies.nets import CNN, MLP, NETS, RNN, SHAPES, could_not, did, same, trained, treatment


class Chosen(nn.Module):
    """A stack with any activation, as a module, a function or a method."""

    def __init__(self, act, last=None):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(6, 8), nn.Linear(8, 8), nn.Linear(8, 3)
        self.act, self.last = act, last

    def forward(self, x):
        x = self.fc3(self.act(self.fc2(self.act(self.fc1(x)))))
        return self.last(x) if self.last else x


def output(make, *cures):
    torch.manual_seed(0)
    x = torch.randn(32, 6)
    with treatment(*cures) as run:
        torch.manual_seed(1)
        return make()(x), run


def leaky(slope):
    return lambda x, inplace=False: F.leaky_relu(x, slope)


@pytest.mark.parametrize(
    "act", [nn.ReLU(), nn.ReLU(inplace=True), F.relu, torch.relu, torch.Tensor.relu, "late"]
)
def test_every_way_to_write_a_relu_becomes_leaky(act):
    function = (lambda x: F.relu(x)) if act == "late" else act
    if function in (F.relu, torch.relu, torch.Tensor.relu):  # a script looks it up itself
        name = function.__name__
        owner = next(o for o in (F, torch, torch.Tensor) if getattr(o, name) is function)
        function = lambda x: getattr(owner, name)(x)  # noqa: E731
    made = lambda: Chosen(function)  # noqa: E731
    healed, run = output(made, Cure("leaky-relu", {"slope": 0.3}))
    torch.testing.assert_close(healed, output(lambda: Chosen(leaky(0.3)))[0])
    assert not torch.allclose(healed, output(made)[0])
    assert not run.charts[0].idle


@pytest.mark.parametrize("kind", [MLP, CNN])
def test_training_with_it_is_training_without_the_treatment_and_with_the_edit(kind, monkeypatch):
    with treatment(Cure("leaky-relu", {"slope": 0.2})):
        healed = trained(kind)
    monkeypatch.setattr(F, "relu", leaky(0.2))
    monkeypatch.setattr(torch.Tensor, "relu", leaky(0.2))
    assert same(healed, trained(kind))


def test_names_in_the_state_and_copies_are_as_before():
    with treatment(Cure("leaky-relu")):
        net = MLP()
        names = list(net.state_dict())
        net(torch.ones(1, 6))
        assert list(net.state_dict()) == names
        assert isinstance(net.act, nn.LeakyReLU)
        assert isinstance(copy.deepcopy(net).act, nn.LeakyReLU)
        assert net.eval().act.training is False
    assert isinstance(net.act, nn.ReLU)


@pytest.mark.parametrize("kind", NETS)
@pytest.mark.parametrize("cure", ["leaky-relu", "relu"])
def test_undone_the_model_computes_what_it_did(kind, cure):
    torch.manual_seed(0)
    net = kind().eval()
    x = torch.randn(4, *SHAPES[kind])
    before = net(x)
    with treatment(Cure(cure)):
        net(x)
    assert torch.equal(net(x), before)


def test_only_the_places_asked_for():
    with treatment(Cure("leaky-relu", where=("act",))) as run:
        MLP()(torch.ones(1, 6))
    assert did(run) == {"act (ReLU) → LeakyReLU(0.01)": 1}


def test_losses_and_data_keep_their_functions():
    with treatment(Cure("leaky-relu", {"slope": 0.5})):
        assert F.relu(torch.tensor(-2.0)) == 0

        class Hinge(nn.Module):
            def forward(self, score):
                return F.relu(1 - score)

        assert Hinge()(torch.tensor(3.0)) == 0


@pytest.mark.parametrize("act", [nn.Sigmoid(), nn.Tanh(), torch.sigmoid, torch.tanh, F.sigmoid])
@pytest.mark.parametrize("last", [None, nn.Sigmoid(), torch.sigmoid])
def test_hidden_sigmoids_and_tanhs_become_relu_and_outputs_stay(act, last):
    name = getattr(act, "__name__", "")
    owner = F if act is F.sigmoid else torch
    written = (lambda x: getattr(owner, name)(x)) if name else act
    end = (lambda x: torch.sigmoid(x)) if last is torch.sigmoid else last
    healed, run = output(lambda: Chosen(written, end), Cure("relu"))
    torch.testing.assert_close(healed, output(lambda: Chosen(torch.relu, end))[0])
    assert not run.charts[0].idle


def test_modules_in_a_row_are_swapped_and_shown_as_such():
    with treatment(Cure("relu")):
        net = nn.Sequential(
            nn.Linear(6, 4), nn.Sigmoid(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1), nn.Sigmoid()
        )
        net(torch.ones(1, 6))
        kinds = [type(part).__name__ for part in net]
    assert kinds == ["Linear", "ReLU", "Linear", "ReLU", "Linear", "Sigmoid"]


def test_gates_written_by_hand_are_left():
    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.gates, self.out = nn.Linear(6, 8), nn.Linear(4, 1)

        def forward(self, x):
            gate, value = self.gates(x).chunk(2, -1)
            return self.out(torch.sigmoid(gate) * torch.tanh(value))

    healed, run = output(Cell, Cure("relu"))
    assert torch.equal(healed, output(Cell)[0])
    assert "gates" in could_not(run)[0]


def test_what_torch_computes_inside_is_told():
    with treatment(Cure("relu")) as run:
        nn.Sequential(nn.RNN(3, 4))(torch.ones(2, 1, 3))
    assert could_not(run) == ["0 (RNN) computes its activation inside of torch"]


def test_a_recurrent_net_keeps_its_gates():
    """A GRU's gates are torch's own; its head's tanh is a function in the model."""
    with treatment(Cure("relu")) as run:
        RNN()(torch.ones(2, *SHAPES[RNN]))
    assert did(run) == {"tanh() in RNN → ReLU": 1}


def test_a_transformer_layer_of_torchs():
    def made():
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval()

    torch.manual_seed(0)
    x = torch.randn(2, 3, 8)
    torch.manual_seed(1)
    net = made()
    with torch.no_grad():
        before = net(x)
        with treatment(Cure("leaky-relu", {"slope": 0.4})) as run:
            healed = net(x)
        assert torch.equal(net(x), before)
    torch.manual_seed(1)
    edited = made()
    for layer in edited.layers:
        layer.activation = leaky(0.4)
        layer.activation_relu_or_gelu = 0
    torch.testing.assert_close(healed, edited(x))
    assert not run.charts[0].idle
