"""First weights drawn anew before they are used."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.heal.treatment import Cure
from tests.remedies.nets import CNN, MLP, NETS, RNN, SHAPES, could_not, did, same, sgd, trained, treatment

each_net = pytest.mark.parametrize("kind", NETS)
INITS = ("he-init", "glorot-init", "orthogonal-init")


def run_once(net):
    return net(torch.ones(2, *SHAPES[type(net)]))


def zeroed(kind):
    torch.manual_seed(1)
    net = kind()
    for parameter in net.parameters():
        nn.init.zeros_(parameter)
    return net


@each_net
@pytest.mark.parametrize("cure", INITS)
def test_equal_weights_are_drawn_apart_before_they_are_used(kind, cure):
    with treatment(Cure(cure)) as run:
        net = zeroed(kind)
        out = run_once(net)
        first = [p.clone() for p in net.parameters()]
        run_once(net)
        assert all(torch.equal(a, b) for a, b in zip(first, net.parameters(), strict=True))
        drawn = [p for name, p in net.named_parameters() if p.dim() > 1]
        assert all(len(p.flatten().unique()) > p.numel() // 2 for p in drawn)
        assert kind is CNN or out.abs().sum() > 0  # the CNN's norm layer stays at zero
    assert len(did(run)) == 1


def test_scales_are_those_of_the_rules():
    class Wide(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.act, self.two = nn.Linear(400, 600), nn.ReLU(), nn.Linear(600, 300)

        def forward(self, x):
            return self.two(self.act(self.one(x)))

    def deviations(cure, **dose):
        with treatment(Cure(cure, dose)):
            net = Wide()
            net(torch.ones(1, 400))
            return [net.one.weight.std().item(), net.two.weight.std().item()]

    assert deviations("he-init") == pytest.approx([(2 / 400) ** 0.5, (1 / 600) ** 0.5], rel=0.03)
    assert deviations("he-init", scale=2.0) == pytest.approx(
        [2 * (2 / 400) ** 0.5, 2 * (1 / 600) ** 0.5], rel=0.03
    )
    assert deviations("glorot-init") == pytest.approx([(2 / 1000) ** 0.5, (2 / 900) ** 0.5], rel=0.03)
    assert deviations("init-head") == pytest.approx([nn.Linear(400, 600).weight.std().item(), 0.01], rel=0.05)


def test_a_recurrent_matrix_becomes_a_rotation_gate_by_gate():
    with treatment(Cure("orthogonal-init", where=("rnn",))):
        torch.manual_seed(0)
        net = RNN()
        head = net.head.weight.clone()
        run_once(net)
        for gate in net.rnn.weight_hh_l0.detach().chunk(3):
            assert torch.allclose(gate @ gate.T, torch.eye(8), atol=1e-5)
        assert torch.equal(net.head.weight, head)


@each_net
@pytest.mark.parametrize("cure", [*INITS, "init-head"])
def test_the_scripts_random_numbers_stay_what_they_are(kind, cure):
    def numbers():
        torch.manual_seed(5)
        net = kind()
        run_once(net)
        return torch.rand(4), torch.initial_seed()

    plain, seed = numbers()
    with treatment(Cure(cure)):
        treated, treated_seed = numbers()
    assert torch.equal(plain, treated)
    assert seed == treated_seed


def test_the_seed_of_the_script_decides_and_nothing_else():
    def drawn(seed):
        with treatment(Cure("he-init")):
            torch.manual_seed(seed)
            net = MLP()
            torch.rand(seed + 7)  # whatever else the script draws
            run_once(net)
            return net

    assert same(drawn(1), drawn(1))
    assert not same(drawn(1), drawn(2))
    assert not torch.equal(drawn(1).fc2.weight[:3], drawn(1).head.weight)


@each_net
@pytest.mark.parametrize("cure", [*INITS, "init-head"])
def test_before_the_first_step_it_is_undone_exactly(kind, cure):
    torch.manual_seed(2)
    net = kind().eval()
    before = copy.deepcopy(net)
    with treatment(Cure(cure)):
        run_once(net)
        assert not same(net, before)
    assert same(net, before)


def test_after_a_step_the_weights_have_learnt():
    with treatment(Cure("he-init")):
        net = trained(MLP, steps=1)
        after = copy.deepcopy(net.state_dict())
    assert all(torch.equal(after[name], value) for name, value in net.state_dict().items())


@pytest.mark.parametrize("early", [True, False])
def test_the_optimizer_may_be_made_before_or_after_the_first_pass(early):
    with treatment(Cure("he-init")):
        torch.manual_seed(0)
        net = MLP()
        optimizer = sgd(net) if early else None
        loss = run_once(net).sum()
        optimizer = optimizer or sgd(net)
        before = net.fc1.weight.clone()
        loss.backward()
        optimizer.step()
    assert not torch.equal(before, net.fc1.weight)


def test_a_copy_of_a_model_that_has_run_is_left_and_a_new_one_is_not():
    with treatment(Cure("he-init")) as run:
        net = trained(MLP, steps=2)
        best = copy.deepcopy(net)
        kept = best.fc1.weight.clone()
        run_once(best)
        assert torch.equal(best.fc1.weight, kept)
        run_once(zeroed(MLP))
    assert did(run) == {"drew the weights of fc1, fc2, head in MLP anew": 2}


def test_two_copies_made_before_the_first_pass_stay_equal():
    with treatment(Cure("he-init")):
        online = MLP()
        target = copy.deepcopy(online)
        run_once(online)
        run_once(target)
        assert same(online, target)


def test_an_average_that_starts_as_a_copy_is_not_drawn_again_after_training():
    with treatment(Cure("he-init"), Cure("init-head")):
        torch.manual_seed(0)
        net = MLP()
        average = copy.deepcopy(net)
        run_once(net)
        assert same(net, average)
        optimizer = sgd(net)
        for _ in range(3):
            optimizer.zero_grad()
            run_once(net).square().sum().backward()
            optimizer.step()
            with torch.no_grad():
                for mine, theirs in zip(average.parameters(), net.parameters(), strict=True):
                    mine.lerp_(theirs, 0.5)
        before = copy.deepcopy(average)
        run_once(average)
        assert same(average, before)


def test_a_target_that_is_loaded_from_a_model_that_waits_stays_equal_to_it():
    with treatment(Cure("he-init")) as run:
        online, target = MLP(), MLP()
        target.load_state_dict(online.state_dict())
        run_once(target)
        assert same(online, target)
    assert not could_not(run)


def test_a_model_that_measures_itself_while_it_is_made_is_treated_whole():
    class Measured(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
            size = self.body(torch.zeros(1, 1, 6, 6)).numel()
            self.head = nn.Linear(size, 3)

        def forward(self, x):
            return self.head(self.body(x).flatten(1))

    with treatment(Cure("init-head"), Cure("leaky-relu")) as run:
        net = Measured()
        net(torch.zeros(1, 1, 6, 6))
        net(torch.zeros(1, 1, 6, 6))
    assert did(run) == {
        "drew the weights of head in Measured anew": 1,
        "body.1 (ReLU) → LeakyReLU(0.01)": 1,
        "relu() in ReLU → LeakyReLU(0.01)": 1,  # while it measured itself
    }


def test_a_layer_that_is_replaced_before_its_model_runs_is_treated():
    with treatment(Cure("init-head")) as run:
        first, second = MLP(), MLP()
        run_once(first)
        second.head = nn.Linear(16, 5)
        assert second(torch.ones(1, 6)).abs().max() < 0.5
    assert did(run) == {"drew the weights of head in MLP anew": 3}


def test_weights_that_a_call_brings_along_are_never_written_to():
    with treatment(Cure("he-init")) as run:
        net = nn.Linear(3, 2)
        mine = {"weight": torch.ones(2, 3, requires_grad=True) * 2, "bias": torch.zeros(2)}
        out = torch.func.functional_call(net, mine, torch.ones(1, 3))
        assert out.tolist() == [[6, 6]]
        out.sum().backward()
    assert could_not(run) == ["weights that are given to the call stay as they are: (model)"]


def test_loaded_and_frozen_weights_stay():
    with treatment(Cure("he-init")) as run:
        net = MLP()
        net.load_state_dict(MLP().state_dict())
        other = MLP()
        for parameter in other.fc1.parameters():
            parameter.requires_grad_(False)
        before = [net.fc1.weight.clone(), other.fc1.weight.clone()]
        run_once(net)
        run_once(other)
        assert torch.equal(before[0], net.fc1.weight)
        assert torch.equal(before[1], other.fc1.weight)
    assert "weights that were loaded stay as they are: fc1, fc2, head" in could_not(run)
    assert "weights that are frozen stay as they are: fc1" in could_not(run)


def test_a_part_called_by_itself_is_treated_as_part_of_its_model():
    class Coder(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = nn.Linear(6, 2), nn.Linear(2, 6)

        def encode(self, x):
            return self.encoder(x)

    with treatment(Cure("init-head")) as run:
        net = Coder()
        net.encode(torch.ones(1, 6))
    assert did(run) == {"drew the weights of decoder in Coder anew": 1}


class Own(nn.Module):
    """A model of bare matrices, used in all ways that say what is summed over, but for the last."""

    def __init__(self):
        super().__init__()
        make = torch.zeros
        self.rows, self.columns = nn.Parameter(make(400, 100)), nn.Parameter(make(50, 100))
        self.turned, self.first = nn.Parameter(make(60, 50)), nn.Parameter(make(20, 30))
        self.heads, self.table = nn.Parameter(make(3, 60, 40)), nn.Parameter(make(7, 40))
        self.scale = nn.Parameter(make(60))

    def forward(self, x):
        x = F.linear(torch.relu(x @ self.rows), self.columns)
        x = torch.matmul(x, self.turned.t()) + self.scale
        x = torch.bmm(x.expand(3, *x.shape), self.heads)
        return torch.mm(self.first, x[0]).sum() + (self.table * x[0, 0]).sum()


@pytest.mark.parametrize(("cure", "gain", "both"), [("he-init", 2**0.5, False), ("glorot-init", 1.0, True)])
def test_matrices_of_the_models_own_making_are_drawn_as_they_are_used(cure, gain, both):
    sizes = {
        "rows": (400, 100),
        "columns": (100, 50),
        "turned": (50, 60),
        "heads": (60, 40),
        "first": (30, 20),
    }
    state = torch.random.get_rng_state()
    with treatment(Cure(cure, {"scale": 2.0})) as run:
        net = Own()
        optimizer = sgd(net)
        net(torch.ones(30, 400)).backward()
        for name, (inputs, outputs) in sizes.items():
            fan = (inputs + outputs) / 2 if both else inputs
            deviation = getattr(net, name).std().item()
            assert deviation == pytest.approx(2 * gain / fan**0.5, rel=0.1), name
        assert not torch.equal(net.heads[0], net.heads[1])
        assert did(run) == {f"drew {name} of Own anew": 1 for name in sizes}
        optimizer.step()
        assert could_not(run) == ["weights of the model's own making stay as they are: table"]
    assert torch.equal(torch.random.get_rng_state(), state)


def test_what_was_loaded_or_has_learnt_is_no_first_weight_and_undoing_puts_zeros_back():
    loaded = Own()
    loaded.load_state_dict({name: torch.ones_like(weight) for name, weight in Own().state_dict().items()})
    with treatment(Cure("he-init")) as run:
        net = Own()
        net(torch.ones(30, 400))
        assert net.rows.any()
        again = Own()
        again.load_state_dict(loaded.state_dict())
        again(torch.ones(30, 400))
        assert bool((again.rows == 1).all())
    assert not any(weight.any() for weight in net.parameters())
    assert len(did(run)) == 5


def test_bare_matrices_are_left_where_layers_are_meant_and_missing_places_are_told():
    with treatment(Cure("glorot-init", where=("nowhere", "*"))) as run:
        net = Own()
        net(torch.ones(30, 400))
        assert not net.rows.any()
    assert could_not(run)[-1] == "no module is called nowhere"
    assert run.charts[0].idle


def test_layers_without_a_shape_are_told_and_run():
    with treatment(Cure("he-init")) as run:
        assert nn.Sequential(nn.LazyLinear(4))(torch.ones(2, 3)).shape == (2, 4)
    assert "no shape" in could_not(run)[0]
