"""Cures that change gradients before the step, and which parameters it moves."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import clip_grad_norm_

from gradwise.heal.treatment import Cure
from gradwise.remedies.collection import find_remedy
from tests.remedies.nets import CNN, MLP, NETS, RNN, batches, did, same, sgd, trained, treatment

each_net = pytest.mark.parametrize("kind", NETS)


@each_net
def test_clipping_is_that_of_the_edit(kind):
    with treatment(Cure("clip-gradient", {"limit": 0.05})) as run:
        healed = trained(kind)
    assert same(healed, trained(kind, before_step=lambda net: clip_grad_norm_(net.parameters(), 0.05)))
    assert did(run) == {"gradients longer than 0.05 were shortened": 8}


def test_short_gradients_are_not_counted():
    with treatment(Cure("clip-gradient", {"limit": 1e6})) as run:
        healed = trained(MLP)
    assert same(healed, trained(MLP))
    assert run.charts[0].idle


def test_gradients_of_a_closure_are_clipped_after_it():
    def loop():
        torch.manual_seed(0)
        net = MLP()
        optimizer = sgd(net)
        for x, y in batches(net, 3):

            def closure(x=x, y=y):
                optimizer.zero_grad()
                loss = F.cross_entropy(net(x), y)
                loss.backward()
                return loss

            assert optimizer.step(closure).item() > 0
        return net

    with treatment(Cure("clip-gradient", {"limit": 0.01})) as run:
        healed = loop()
    assert not same(healed, loop())
    assert did(run) == {"gradients longer than 0.01 were shortened": 3}


@each_net
def test_a_higher_limit_is_that_of_the_edit(kind):
    with treatment(Cure("raise-clip", {"times": 100.0})) as run:
        healed = trained(
            kind, before_step=lambda net: torch.nn.utils.clip_grad_norm_(net.parameters(), 0.001)
        )
    assert same(healed, trained(kind, before_step=lambda net: clip_grad_norm_(net.parameters(), 0.1)))
    assert did(run) == {"limit of clip_grad_norm_ 0.001 → 0.1": 8}


def test_the_limit_of_another_cure_is_its_own():
    with treatment(Cure("raise-clip"), Cure("clip-gradient", {"limit": 0.05})) as run:
        healed = trained(MLP)
    assert same(healed, trained(MLP, before_step=lambda net: clip_grad_norm_(net.parameters(), 0.05)))
    assert run.charts[0].idle


def test_under_a_scaler_the_unscaled_gradients_are_clipped():
    def loop(limit):
        torch.manual_seed(0)
        net = MLP()
        optimizer = sgd(net)
        scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
        for x, y in batches(net, 4):
            optimizer.zero_grad()
            scaler.scale(F.cross_entropy(net(x), y)).backward()
            if limit:
                scaler.unscale_(optimizer)
                clip_grad_norm_(net.parameters(), limit)
            scaler.step(optimizer)
            scaler.update()
        return net

    with treatment(Cure("clip-gradient", {"limit": 0.05})):
        healed = loop(None)
    assert same(healed, loop(0.05))


def test_limits_by_name_and_by_value_are_raised_too():
    weight = torch.zeros(1, requires_grad=True)
    weight.grad = torch.tensor([9.0])
    with treatment(Cure("raise-clip")):
        torch.nn.utils.clip_grad_value_([weight], clip_value=0.2)
    assert weight.grad.item() == 2


@each_net
def test_gradients_that_pile_up_are_cleared(kind):
    with treatment(Cure("zero-grad")) as run:
        healed = trained(kind, clear=False)
    assert same(healed, trained(kind))
    assert did(run) == {"gradients of SGD were cleared": 7}


def test_a_script_that_clears_is_left_alone():
    with treatment(Cure("zero-grad")) as run:
        healed = trained(MLP)
    assert same(healed, trained(MLP))
    assert run.charts[0].idle


def test_a_script_that_clears_once_in_a_while_is_cleared_in_between():
    def loop(every):
        torch.manual_seed(0)
        net = MLP()
        optimizer = sgd(net)
        for number, (x, y) in enumerate(batches(net, 9)):
            if number % every == 0:
                optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
        return net

    with treatment(Cure("zero-grad")) as run:
        healed = loop(3)
    assert same(healed, loop(1))
    assert did(run) == {"gradients of SGD were cleared": 6}


def test_an_optimizer_that_accumulates_beside_one_that_steps_keeps_its_sum():
    def loop():
        torch.manual_seed(0)
        left, right = nn.Linear(4, 4), nn.Linear(4, 1)
        one, two = sgd(left), sgd(right)
        for number in range(8):
            two.zero_grad()
            right(left(torch.randn(8, 4))).square().mean().backward()
            two.step()
            if number % 4 == 3:
                one.step()
                one.zero_grad()
        return nn.Sequential(left, right)

    with treatment(Cure("zero-grad")):
        healed = loop()
    torch.testing.assert_close(healed[1].weight, loop()[1].weight)


def test_accumulation_within_a_step_stays():
    def loop(clear):
        torch.manual_seed(0)
        net = MLP()
        optimizer = sgd(net)
        for number, (x, y) in enumerate(batches(net, 12)):
            F.cross_entropy(net(x), y).backward()
            if number % 4 == 3:
                optimizer.step()
                if clear:
                    net.zero_grad()
        return net

    with treatment(Cure("zero-grad")):
        healed = loop(clear=False)
    assert same(healed, loop(clear=True))


def test_gradients_can_be_read_after_the_step():
    net = MLP()
    optimizer = sgd(net)
    with treatment(Cure("zero-grad")):
        for x, y in batches(net, 2):
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
            assert net.fc1.weight.grad is not None


def test_two_optimizers_of_which_one_is_never_cleared():
    def loop(clear):
        torch.manual_seed(0)
        left, right = nn.Linear(4, 4), nn.Linear(4, 1)
        one, two = sgd(left), sgd(right)
        for _ in range(6):
            one.zero_grad()
            if clear:
                two.zero_grad()
            right(left(torch.randn(8, 4))).square().mean().backward()
            one.step()
            two.step()
        return nn.Sequential(left, right)

    with treatment(Cure("zero-grad")):
        healed = loop(clear=False)
    assert same(healed, loop(clear=True))


@pytest.mark.parametrize(("kind", "held"), [(MLP, "head"), (CNN, "conv"), (RNN, "head")])
def test_forgotten_parameters_of_a_model_are_trained(kind, held):
    def forgetful(net):
        return sgd(getattr(net, held))

    with treatment(Cure("add-to-optimizer")) as run:
        healed = trained(kind, forgetful, clear=False)
    assert same(healed, trained(kind, clear=False))
    assert not same(healed, trained(kind, forgetful, clear=False))
    (line,) = did(run)
    assert line.endswith(f"of {kind.__name__} joined SGD")


def test_layers_in_a_plain_list_and_a_second_model_are_found():
    class Listed(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers, self.out = [nn.Linear(4, 4), nn.Linear(4, 4)], nn.Linear(4, 1)

        def forward(self, x):
            for layer in self.layers:
                x = F.relu(layer(x))
            return self.out(x)

    torch.manual_seed(0)
    net, second = Listed(), nn.Linear(1, 1)
    optimizer = sgd(net)
    before = [p.clone() for p in (net.layers[1].weight, second.weight)]
    with treatment(Cure("add-to-optimizer")):
        for _ in range(3):
            optimizer.zero_grad()
            second(net(torch.randn(8, 4))).square().mean().backward()
            optimizer.step()
        assert len(optimizer.param_groups) == 1
        assert len(optimizer.param_groups[0]["params"]) == 2 + 4 + 2
    assert not any(
        torch.equal(a, b) for a, b in zip(before, (net.layers[1].weight, second.weight), strict=True)
    )
    assert len(optimizer.param_groups[0]["params"]) == 2  # undone


def test_frozen_parameters_are_not_forgotten_ones():
    def head(net):
        for parameter in net.fc1.parameters():
            parameter.requires_grad_(False)
        return sgd(net)

    with treatment(Cure("add-to-optimizer")) as run:
        trained(MLP, head)
    assert run.charts[0].idle


# ---- descend -------------------------------------------------------------------------


def climbing(kind, make, loss, **options):
    """A loop with its own loss; every loss that the script saw, and the step's ``maximize`` after it."""
    torch.manual_seed(3)
    net = kind()
    optimizer = make(net.parameters(), lr=0.02, **options)
    net.seen = []
    for x, y in batches(net, 6):
        optimizer.zero_grad()
        value = loss(net(x), y)
        value.backward()
        optimizer.step()
        net.seen.append((value.item(), optimizer.param_groups[0]["maximize"]))
    net.optimizer = [optimizer]
    return net


@each_net
@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop])
def test_an_optimizer_that_maximises_steps_down(kind, make):
    with treatment(Cure("descend")) as run:
        healed = climbing(kind, make, F.cross_entropy, maximize=True)
    assert same(healed, climbing(kind, make, F.cross_entropy))
    assert not same(healed, climbing(kind, make, F.cross_entropy, maximize=True))
    assert all(maximize for _, maximize in healed.seen)  # the script sees its own setting
    assert did(run) == {f"{make.__name__} stepped without maximize": 6}


@each_net
@pytest.mark.parametrize(
    "negate", [lambda loss: -loss, lambda loss: loss * -1, lambda loss: -1.0 * loss, lambda loss: -2 * loss]
)
def test_a_negated_loss_is_followed_down(kind, negate):
    with treatment(Cure("descend")) as run:
        healed = climbing(kind, torch.optim.SGD, lambda out, y: negate(F.cross_entropy(out, y)))
    down = climbing(kind, torch.optim.SGD, lambda out, y: -negate(F.cross_entropy(out, y)))
    assert same(healed, down)
    assert healed.seen[0][0] < 0
    assert did(run) == {"the gradients of a negated loss were turned for SGD": 6}


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        (F.cross_entropy, {}),
        (lambda out, y: -F.cross_entropy(out, y), {"maximize": True}),  # that descends already
        (lambda out, y: -out[:, 0].mean(), {}),  # a reward, as far as anybody can tell
        (lambda out, y: F.cross_entropy(out, y) - out.softmax(1).max(), {}),
        (lambda out, y: 0.5 * F.cross_entropy(out, y), {}),
    ],
)
def test_what_descends_and_what_is_no_loss_is_left(loss, options):
    with treatment(Cure("descend")) as run:
        healed = climbing(MLP, torch.optim.SGD, loss, **options)
    assert same(healed, climbing(MLP, torch.optim.SGD, loss, **options))
    assert run.charts[0].idle


def test_an_attack_on_the_inputs_is_no_negated_training():
    def attacked(out, y):
        x = torch.ones(2, 3, requires_grad=True)
        (-F.cross_entropy(x * 1.0, torch.tensor([0, 1]))).backward()
        return F.cross_entropy(out, y)

    with treatment(Cure("descend")) as run:
        healed = climbing(MLP, torch.optim.SGD, attacked)
    assert same(healed, climbing(MLP, torch.optim.SGD, attacked))
    assert run.charts[0].idle


@each_net
def test_undone_the_optimizer_maximises_again(kind):
    with treatment(Cure("descend")):
        healed = climbing(kind, torch.optim.SGD, F.cross_entropy, maximize=True)
    before = [p.detach().clone() for p in healed.parameters()]
    x, y = next(batches(healed, 1))
    healed.optimizer[0].zero_grad()
    F.cross_entropy(healed(x), y).backward()
    healed.optimizer[0].step()
    for old, new in zip(before, healed.parameters(), strict=True):
        torch.testing.assert_close(new.detach(), old + 0.02 * new.grad)


def test_a_tight_clip_is_raised_to_what_its_norms_reach():
    dose = find_remedy("raise-clip").declaration.doses[0]
    assert dose.rungs(300.0, "norm over limit")[0] == 600.0
    assert dose.rungs(12.0, "norm over limit")[0] == 20.0
    assert dose.rungs(3.0, "norm over limit")[0] == 10.0
    assert dose.rungs(300.0, "times the start") == dose.ladder
