"""Optimizers that become others in the script's own hands."""

import copy
import warnings

import pytest
import torch
from torch.optim.lr_scheduler import OneCycleLR, StepLR

from gradwise.heal.treatment import Cure
from tests.remedies.nets import MLP, NETS, close, could_not, did, same, sgd, trained, treatment

each_net = pytest.mark.parametrize("kind", NETS)


def adam(net, lr=0.01, **options):
    return torch.optim.Adam(net.parameters(), lr=lr, **options)


@each_net
@pytest.mark.parametrize(
    "make",
    [
        sgd,
        lambda net, **o: torch.optim.Adagrad(net.parameters(), **o),
        lambda net, **o: torch.optim.RMSprop(net.parameters(), **o),
        lambda net, **o: torch.optim.SGD(net.parameters(), momentum=0.9, nesterov=True, **o),
    ],
)
def test_any_optimizer_becomes_the_adam_of_the_edit(kind, make):
    with treatment(Cure("adam", {"rate": 0.01})) as run:
        healed = trained(kind, make, lr=0.5)
    assert same(healed, trained(kind, adam))
    assert len(did(run)) == 1


def test_its_rate_follows_the_scripts_schedule():
    def schedule(optimizer):
        return StepLR(optimizer, 2, 0.5)

    with treatment(Cure("adam", {"rate": 0.01})):
        healed = trained(MLP, lr=0.5, schedule=schedule)
    assert close(healed, trained(MLP, adam, schedule=schedule))


def test_the_peak_of_a_cycle_is_its_rate():
    def cycle(peak):
        return lambda optimizer: OneCycleLR(optimizer, peak, total_steps=9)

    with treatment(Cure("adam", {"rate": 0.01})):
        healed = trained(MLP, lambda net: sgd(net, lr=0.001, momentum=0.9), schedule=cycle(0.5))
    # A cycle of Adam's moves beta1 as one of SGD's moves the momentum.
    assert close(healed, trained(MLP, adam, schedule=cycle(0.01)))


def test_weight_decay_of_the_script_stays():
    with treatment(Cure("adam", {"rate": 0.01})):
        healed = trained(MLP, lr=0.5, weight_decay=0.1)
    assert same(healed, trained(MLP, lambda net: adam(net, weight_decay=0.1)))


def test_the_script_keeps_its_object_and_may_copy_and_restore_it():
    with treatment(Cure("adam")):
        net = MLP()
        optimizer = sgd(net)
        assert isinstance(optimizer, torch.optim.Adam)
        net(torch.randn(4, 6)).sum().backward()
        optimizer.step()
        own = copy.deepcopy(optimizer.state_dict())
        optimizer.load_state_dict(own)
        assert len(optimizer.state) == 6
        optimizer.step()
        saved = {
            "state": {0: {"momentum_buffer": torch.zeros(16, 6)}},
            "param_groups": [{"lr": 0.3, "momentum": 0.9, "params": list(range(6))}],
        }
        optimizer.load_state_dict(saved)  # of a run without the treatment
        optimizer.step()
        optimizer.add_param_group({"params": [torch.zeros(1, requires_grad=True)]})
        assert optimizer.param_groups[1]["betas"] == (0.9, 0.999)


def test_undone_it_is_what_it_was():
    net = MLP()
    with treatment(Cure("adam")):
        optimizer = sgd(net, lr=0.3, momentum=0.9)
        scheduler = StepLR(optimizer, 1, 0.5)
        net(torch.randn(4, 6)).sum().backward()
        optimizer.step()
        scheduler.step()
    assert type(optimizer) is torch.optim.SGD
    assert optimizer.param_groups[0]["lr"] == 0.15
    assert set(optimizer.param_groups[0]) == {*sgd(net).param_groups[0], "initial_lr"}
    assert not optimizer.state
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.step()
        scheduler.step()
    assert "momentum_buffer" in next(iter(optimizer.state.values()))


@pytest.mark.parametrize("make", [adam, lambda net, **o: torch.optim.NAdam(net.parameters())])
def test_adams_kin_stays(make):
    with treatment(Cure("adam")) as run:
        healed = trained(MLP, make)
    assert same(healed, trained(MLP, make))
    assert "is an Adam already" in could_not(run)[0]


def test_an_optimizer_of_the_users_own_is_told():
    class Mine(torch.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"size": 0.1})

        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    p.data -= group["size"] * p.grad

    with treatment(Cure("adam")) as run:
        healed = trained(MLP, lambda net: Mine(net.parameters()))
    assert close(healed, trained(MLP))
    assert could_not(run) == ["Mine cannot be turned into Adam"]


def test_sparse_gradients_never_meet_adam():
    class Words(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding(9, 3, sparse=True)

        def forward(self, x):
            return self.table(x)

    with treatment(Cure("adam")) as run:
        net = Words()
        optimizer = sgd(net)
        net(torch.tensor([1, 2])).sum().backward()
        optimizer.step()
    assert "sparse" in could_not(run)[0]


@each_net
def test_adam_becomes_sgd_with_momentum(kind):
    with treatment(Cure("sgd-momentum", {"rate": 0.05})) as run:
        healed = trained(kind, adam)
    assert same(healed, trained(kind, lr=0.05, momentum=0.9))
    assert did(run) == {"Adam → SGD with momentum 0.9, rate 0.01 → 0.05": 1}


def test_an_sgd_keeps_its_rate_and_gets_momentum():
    with treatment(Cure("sgd-momentum")):
        healed = trained(MLP, lr=0.05)
    assert same(healed, trained(MLP, lr=0.05, momentum=0.9))


def test_an_sgd_with_momentum_stays():
    with treatment(Cure("sgd-momentum", {"momentum": 0.5})) as run:
        healed = trained(MLP, momentum=0.9)
    assert same(healed, trained(MLP, momentum=0.9))
    assert could_not(run) == ["SGD has momentum already"]
