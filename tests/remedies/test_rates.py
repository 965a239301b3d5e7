"""Cures that change the length of steps: each does what its edit would do, and nothing of it stays."""

import pytest
import torch
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LambdaLR,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

from gradwise.heal.treatment import Cure
from tests.remedies.nets import MLP, NETS, close, could_not, did, same, sgd, trained, treatment

each_net = pytest.mark.parametrize("kind", NETS)


@each_net
@pytest.mark.parametrize(("cure", "factor"), [("lower-lr", 0.1), ("raise-lr", 3.0)])
def test_the_rate_is_multiplied_as_by_the_edit(kind, cure, factor):
    with treatment(Cure(cure, {"factor": factor})) as run:
        healed = trained(kind, lr=0.2)
    assert same(healed, trained(kind, lr=0.2 * factor))
    assert not same(healed, trained(kind, lr=0.2))
    assert did(run) == {f"rate of SGD 0.2 → {0.2 * factor:.4g}": 8}


@pytest.mark.parametrize(
    "make", [torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop, torch.optim.Adagrad]
)
def test_other_optimizers_follow_too(make):
    def built(net, lr):
        return make(net.parameters(), lr=lr)

    with treatment(Cure("lower-lr", {"factor": 0.5})):
        healed = trained(MLP, built, lr=0.02)
    assert same(healed, trained(MLP, built, lr=0.01))


@pytest.mark.parametrize(
    "schedule",
    [
        lambda o: StepLR(o, 2, 0.5),
        lambda o: CosineAnnealingLR(o, 8),
        lambda o: LambdaLR(o, lambda epoch: 1 / (1 + epoch)),
    ],
)
def test_schedules_are_followed_and_the_script_sees_its_own_rates(schedule):
    with treatment(Cure("lower-lr")):
        healed = trained(MLP, lr=0.5, schedule=schedule)
    plain = trained(MLP, lr=0.5, schedule=schedule)
    assert close(healed, trained(MLP, lr=0.05, schedule=schedule))
    assert healed.optimizer[0].param_groups[0]["lr"] == plain.optimizer[0].param_groups[0]["lr"]


def test_a_cycle_that_sets_rates_of_its_own_is_lowered_too():
    with treatment(Cure("lower-lr")):
        healed = trained(MLP, schedule=lambda o: OneCycleLR(o, 0.5, total_steps=10, cycle_momentum=False))
    assert not close(
        healed, trained(MLP, schedule=lambda o: OneCycleLR(o, 0.5, total_steps=10, cycle_momentum=False))
    )


def test_groups_keep_their_proportions():
    def two(net, lr):
        return torch.optim.SGD(
            [{"params": net.fc1.parameters(), "lr": lr * 2}, {"params": net.head.parameters()}], lr=lr
        )

    with treatment(Cure("lower-lr", {"factor": 0.25})) as run:
        healed = trained(MLP, two, lr=0.4)
    assert same(healed, trained(MLP, two, lr=0.1))
    assert did(run) == {"rate of SGD 0.8 → 0.2": 8, "rate of SGD (group 1) 0.4 → 0.1": 8}


@each_net
def test_after_a_treatment_the_run_goes_on_as_if_it_had_never_been(kind):
    """Undone between two steps: the rates are the script's, bit for bit."""
    torch.manual_seed(0)
    net = kind()
    optimizer = sgd(net, lr=0.3)
    with treatment(Cure("lower-lr"), Cure("warm-up"), Cure("weight-decay")):
        net(torch.randn(2, *{"MLP": (6,), "CNN": (1, 6, 6), "RNN": (4, 5)}[kind.__name__])).sum().backward()
        optimizer.step()
    assert optimizer.param_groups[0]["lr"] == 0.3
    assert optimizer.param_groups[0]["weight_decay"] == 0


def test_a_step_that_fails_leaves_no_rate_behind():
    net = MLP()
    optimizer = sgd(net, lr=0.3)

    def closure():
        raise ArithmeticError

    with treatment(Cure("lower-lr")):
        for _ in range(3):
            with pytest.raises(ArithmeticError):
                optimizer.step(closure)
    assert optimizer.param_groups[0]["lr"] == 0.3


def test_an_optimizer_around_another_one_is_not_treated_twice():
    class Around(torch.optim.Optimizer):
        def __init__(self, inner):
            super().__init__([torch.zeros(1, requires_grad=True)], {"lr": 0.1})
            self.inner, self.param_groups = inner, inner.param_groups

        def step(self, closure=None):
            return self.inner.step(closure)

    seen = []
    net = MLP()
    inner = sgd(net, lr=1.0)
    outer = Around(inner)
    inner.register_step_pre_hook(lambda o, a, k: seen.append(o.param_groups[0]["lr"]))
    with treatment(Cure("lower-lr")):
        net(torch.randn(2, 6)).sum().backward()
        outer.step()
    assert seen == [0.1]
    assert inner.param_groups[0]["lr"] == 1.0


def test_warm_up_grows_to_the_full_rate():
    rates = []

    def noting(net, lr):
        made = sgd(net, lr=lr)
        made.register_step_pre_hook(lambda o, a, k: rates.append(o.param_groups[0]["lr"]))
        return made

    with treatment(Cure("warm-up", {"steps": 4, "start": 0.2})) as run:
        trained(MLP, noting, lr=1.0)
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1])
    assert did(run) == {"first rate of SGD 1 → 0.2": 4}


def test_cures_of_the_rate_multiply():
    with treatment(Cure("lower-lr", {"factor": 0.5}), Cure("raise-lr", {"factor": 4.0})):
        healed = trained(MLP, lr=0.1)
    assert same(healed, trained(MLP, lr=0.2))


@pytest.mark.parametrize(
    "schedule",
    [lambda o: StepLR(o, 1, 0.1), lambda o: SequentialLR(o, [StepLR(o, 1, 0.1), StepLR(o, 1, 0.5)], [3])],
)
def test_a_longer_schedule_steps_at_one_call_of_several(schedule):
    with treatment(Cure("longer-schedule", {"times": 4})) as run:
        net = trained(MLP, lr=1.0, schedule=schedule)
    assert net.optimizer[0].param_groups[0]["lr"] == pytest.approx(0.01)
    assert sum(did(run).values()) == 6


def test_a_plateau_is_waited_for_longer():
    with treatment(Cure("longer-schedule", {"times": 2})):
        optimizer = sgd(MLP(), lr=1.0)
        scheduler = ReduceLROnPlateau(optimizer, patience=1)
        for _ in range(4):
            scheduler.step(1.0)
    assert optimizer.param_groups[0]["lr"] == 1.0


def test_a_script_without_a_schedule_is_told():
    with treatment(Cure("longer-schedule")) as run:
        trained(MLP)
    assert run.charts[0].idle


@each_net
def test_weight_decay_is_that_of_the_edit(kind):
    with treatment(Cure("weight-decay", {"decay": 0.05})) as run:
        healed = trained(kind)
    assert same(healed, trained(kind, weight_decay=0.05))
    assert did(run) == {"weight decay of SGD → 0.05": 8}


def test_weight_decay_of_adam_is_decoupled():
    with treatment(Cure("weight-decay")):
        healed = trained(MLP, lambda net: torch.optim.Adam(net.parameters(), lr=0.01))
    assert same(
        healed, trained(MLP, lambda net: torch.optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.01))
    )


def test_a_stronger_decay_of_the_script_stays():
    with treatment(Cure("weight-decay", {"decay": 0.01})) as run:
        healed = trained(MLP, weight_decay=0.1)
    assert same(healed, trained(MLP, weight_decay=0.1))
    assert run.charts[0].idle


def test_an_optimizer_without_decay_is_told():
    with treatment(Cure("weight-decay")) as run:
        trained(MLP, lambda net: torch.optim.Rprop(net.parameters()))
    assert could_not(run) == ["Rprop has no weight decay"]


@each_net
def test_lower_weight_decay_is_that_of_the_edit(kind):
    with treatment(Cure("lower-weight-decay", {"factor": 0.5})):
        healed = trained(kind, weight_decay=0.5)
    assert same(healed, trained(kind, weight_decay=0.25))


def test_where_nothing_decays_there_is_nothing_to_lower():
    with treatment(Cure("lower-weight-decay")) as run:
        trained(MLP)
    assert run.charts[0].idle
