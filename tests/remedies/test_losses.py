"""Cures that follow another loss, fill gaps in inputs or let frozen weights learn."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from gradwise.heal.treatment import Cure
from tests.remedies.nets import (
    CNN,
    MLP,
    NETS,
    RNN,
    SHAPES,
    close,
    could_not,
    did,
    same,
    sgd,
    trained,
    treatment,
)

each_net = pytest.mark.parametrize("kind", NETS)


def rare(kind, rows=32):
    torch.manual_seed(5)
    return torch.randn(rows, *SHAPES[kind]), (torch.arange(rows) % 8 == 0).long() + 1


def loop(kind, x, y, criterion, *, make=sgd, steps=4, loader=False):
    """Training on the same rows, with the numbers that the script sees."""
    torch.manual_seed(3)
    net = kind()
    optimizer = make(net)
    net.losses = []
    for a, b in DataLoader(TensorDataset(x, y), batch_size=8) if loader else [(x, y)] * steps:
        optimizer.zero_grad()
        loss = criterion(net(a), b)
        loss.backward()
        optimizer.step()
        net.losses.append(loss.item())
    net.optimizer = [optimizer]
    return net


def plain(out, y):
    return F.cross_entropy(out, y)


def first_logit(out, y):
    return F.binary_cross_entropy_with_logits(out[:, 0], (y == 2).float())


# ---- weighted and focal losses -------------------------------------------------------


def weighted(y, limit=50.0):
    counts = torch.bincount(y, minlength=3).clamp(min=1).double()
    weight = len(y) / (3 * counts)
    return nn.CrossEntropyLoss(weight.clamp(max=limit * weight.min().item()).float())


@each_net
def test_class_weights_are_those_of_the_edit(kind):
    x, y = rare(kind)
    with treatment(Cure("class-weights")) as run:
        healed = loop(kind, x, y, plain)
    torch.testing.assert_close(healed.state_dict(), loop(kind, x, y, weighted(y)).state_dict())
    assert not close(healed, loop(kind, x, y, plain))
    assert healed.losses[0] == loop(kind, x, y, plain).losses[0]  # what the script sees is its own loss
    assert did(run) == {"a loss with weights for its classes was followed": 4}


@pytest.mark.parametrize("most", [50.0, 2.0])
def test_weights_are_bounded_and_come_from_the_whole_data_set(most):
    x, y = rare(MLP)
    y[:2] = 1  # the first batch alone would weigh in another way
    with treatment(Cure("class-weights", {"most": most})):
        healed = loop(MLP, x, y, plain, loader=True)
    assert close(healed, loop(MLP, x, y, weighted(y, most), loader=True))


@each_net
def test_the_weight_of_one_logit_is_that_of_the_edit(kind):
    x, y = rare(kind)
    positive = (y == 2).sum()
    weight = ((len(y) - positive) / positive).reshape(1)

    def edited(out, y):
        return F.binary_cross_entropy_with_logits(out[:, 0], (y == 2).float(), pos_weight=weight)

    with treatment(Cure("class-weights")):
        healed = loop(kind, x, y, first_logit)
    assert close(healed, loop(kind, x, y, edited))


@each_net
def test_weights_that_count_the_frequent_classes_more_are_replaced(kind):
    x, y = rare(kind)
    counts = torch.bincount(y, minlength=3).float()
    upside_down = nn.CrossEntropyLoss(weight=counts / counts.mean())
    with treatment(Cure("class-weights")) as run:
        healed = loop(kind, x, y, upside_down)
    assert close(healed, loop(kind, x, y, weighted(y)))
    assert healed.losses[0] == loop(kind, x, y, upside_down).losses[0]
    assert not could_not(run)


def test_a_positive_weight_that_counts_the_rare_answer_less_is_replaced():
    x, y = rare(MLP)
    positive = (y == 2).sum()
    right = ((len(y) - positive) / positive).reshape(1)

    def asked(weight):
        return lambda out, y: F.binary_cross_entropy_with_logits(
            out[:, 0], (y == 2).float(), pos_weight=weight
        )

    with treatment(Cure("class-weights")):
        healed = loop(MLP, x, y, asked(1 / right))
    assert close(healed, loop(MLP, x, y, asked(right)))
    with treatment(Cure("class-weights")):
        assert same(loop(MLP, x, y, asked(right / 2)), loop(MLP, x, y, asked(right / 2)))


def test_weights_that_say_nothing_of_the_counts_and_those_that_leave_classes_out_stay():
    x, y = rare(MLP)
    for own in ([0.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 2.0, 4.0]):
        criterion = nn.CrossEntropyLoss(weight=torch.tensor(own))
        with treatment(Cure("class-weights")) as run:
            healed = loop(MLP, x, y, criterion)
        assert same(healed, loop(MLP, x, y, criterion))
        assert could_not(run)


def test_weights_of_the_script_and_evaluations_stay():
    x, y = rare(MLP)
    with treatment(Cure("class-weights"), Cure("focal-loss")) as run:
        healed = loop(MLP, x, y, weighted(y))
        with torch.no_grad():
            judged = plain(healed(x), y)
    assert same(healed, loop(MLP, x, y, weighted(y)))
    assert judged == plain(healed(x), y)
    assert could_not(run) == [
        "cross_entropy has weights of the script's, and is left",
        "cross_entropy has weights or smoothing of the script's, and is left",
    ]


def focal(out, y):
    each = F.cross_entropy(out, y, reduction="none")
    return ((1 - torch.exp(-each)) ** 2 * each).mean()


@each_net
def test_focal_loss_is_that_of_the_edit(kind):
    x, y = rare(kind)
    with treatment(Cure("focal-loss")) as run:
        healed = loop(kind, x, y, plain)
    assert same(healed, loop(kind, x, y, focal))
    assert healed.losses[0] == loop(kind, x, y, plain).losses[0]
    assert did(run) == {"the focal loss of power 2 was followed": 4}


def test_focal_loss_leaves_ignored_samples_out_and_knows_questions():
    x, y = rare(MLP)
    some = y.clone()
    some[::3] = -100
    with treatment(Cure("focal-loss")):
        healed = loop(MLP, x, some, plain)
    assert close(healed, loop(MLP, x[some >= 0], y[some >= 0], focal))

    def asked(out, y):
        each = F.binary_cross_entropy_with_logits(out[:, 0], (y == 2).float(), reduction="none")
        return ((1 - torch.exp(-each)) ** 2 * each).mean()

    with treatment(Cure("focal-loss")):
        healed = loop(MLP, x, y, first_logit)
    assert same(healed, loop(MLP, x, y, asked))


# ---- robust losses -------------------------------------------------------------------


@each_net
def test_generalised_cross_entropy_is_that_of_the_edit(kind):
    x, y = rare(kind)

    def edited(out, y, q=0.7):
        p = out.softmax(1).gather(1, y[:, None])
        return ((1 - p**q) / q).mean()

    with treatment(Cure("robust-loss")) as run:
        healed = loop(kind, x, y, plain)
    assert close(healed, loop(kind, x, y, edited))
    assert healed.losses[0] == loop(kind, x, y, plain).losses[0]
    assert did(run) == {"a loss that single samples cannot dominate was followed": 4}


@each_net
def test_numbers_far_off_count_linearly(kind):
    x, _ = rare(kind)
    y = torch.randn(len(x), 3)
    y[0] = 500.0

    def edited(out, y):
        limit = 2 * (out - y).detach().abs().median().item()
        return F.huber_loss(out, y, delta=limit) * 2

    with treatment(Cure("robust-loss")):
        healed = loop(kind, x, y, nn.MSELoss())
    assert close(healed, loop(kind, x, y, edited))


# ---- gaps and frozen weights ---------------------------------------------------------


@each_net
@pytest.mark.parametrize("loader", [True, False])
def test_gaps_are_filled_as_by_the_edit(kind, loader):
    x, y = rare(kind)
    x = x + 2
    gaps = torch.rand(x.shape) < 0.05
    holed = x.masked_fill(gaps, float("nan"))
    dims = tuple(d for d in range(x.dim()) if d != (x.dim() - 1 if kind is not CNN else 1))
    mean = holed.double().nanmean(dims, keepdim=True).float()
    with treatment(Cure("drop-or-impute")) as run:
        healed = loop(kind, holed, y, plain, loader=loader)
    assert close(healed, loop(kind, torch.where(gaps, mean, x), y, plain, loader=loader))
    assert did(run) == {f"gaps in the input of {kind.__name__} were filled": 4}


@each_net
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_targets_without_a_number_are_left_out(kind, reduction):
    x, _ = rare(kind)
    y = torch.randn(len(x), 3) / 10
    holed = y.clone()
    holed[5] = float("nan")
    rows = torch.arange(len(x)) != 5

    def edited(out, y):
        return F.mse_loss(out[rows], y[rows], reduction=reduction) / (1 if reduction == "mean" else 100)

    def by_script(out, y):
        return F.mse_loss(out, y, reduction=reduction) / (1 if reduction == "mean" else 100)

    with treatment(Cure("drop-or-impute")) as run:
        healed = loop(kind, x, holed, by_script)
    assert close(healed, loop(kind, x, y, edited))
    assert did(run) == {"targets of mse_loss that are not finite were left out": 4}


def test_input_without_gaps_is_left():
    with treatment(Cure("drop-or-impute")) as run:
        healed = trained(MLP)
    assert same(healed, trained(MLP))
    assert run.charts[0].idle


@pytest.mark.parametrize(("kind", "frozen"), [(MLP, "fc1"), (CNN, "conv"), (RNN, "rnn")])
@pytest.mark.parametrize("only", [True, False])
def test_unfrozen_layers_learn_as_with_the_edit(kind, frozen, only):
    def make(net, freeze=True):
        for parameter in getattr(net, frozen).parameters():
            parameter.requires_grad = not freeze
        return torch.optim.SGD([p for p in net.parameters() if p.requires_grad or not only], lr=0.1)

    with treatment(Cure("unfreeze")) as run:
        healed = trained(kind, make)
    assert close(healed, trained(kind, lambda net: make(net, freeze=False)))
    assert did(run) == {f"{frozen} was unfrozen": 1}
    assert not any(p.requires_grad for p in getattr(healed, frozen).parameters())  # undone
    assert close(trained(kind, make), trained(kind, make))


def test_loaded_weights_stay_frozen():
    torch.manual_seed(0)
    source = MLP().fc1.state_dict()

    def make(net):
        net.fc1.load_state_dict(source)
        net.fc1.requires_grad_(False)
        return sgd(net)

    with treatment(Cure("unfreeze")) as run:
        healed = trained(MLP, make)
    assert same(healed, trained(MLP, make))
    assert could_not(run) == ["weights that were loaded stay frozen: fc1"]


def test_places_choose_what_is_unfrozen():
    def make(net):
        net.fc1.requires_grad_(False)
        net.fc2.requires_grad_(False)
        return sgd(net)

    with treatment(Cure("unfreeze", where=("fc2",))) as run:
        trained(MLP, make)
    assert did(run) == {"fc2 was unfrozen": 1}
