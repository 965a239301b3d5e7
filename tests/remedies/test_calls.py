"""Cures for calls that the script makes at the wrong place, too often or not at all."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR
from torch.utils.data import DataLoader, TensorDataset

from gradwise.heal.treatment import Cure
from tests.remedies.nets import (
    CNN,
    MLP,
    NETS,
    RNN,
    SHAPES,
    batches,
    could_not,
    did,
    same,
    sgd,
    trained,
    treatment,
)

each_net = pytest.mark.parametrize("kind", NETS)


# ---- clipping -----------------------------------------------------------------------


def clipped(kind, when, start=0, limit=0.05, name="clip_grad_norm_"):
    torch.manual_seed(3)
    net = kind()
    optimizer = sgd(net)
    for number, (x, y) in enumerate(batches(net, 8)):
        optimizer.zero_grad()
        for moment in ("before", "backward", "right", "step", "after"):
            if moment == "backward":
                F.cross_entropy(net(x), y).backward()
            elif moment == "step":
                optimizer.step()
            elif moment == when and number >= start:
                getattr(torch.nn.utils, name)(net.parameters(), limit)
    return net


@each_net
@pytest.mark.parametrize(
    ("name", "when", "start"),
    [("clip_grad_norm_", "before", 0), ("clip_grad_norm_", "after", 1), ("clip_grad_value_", "after", 1)],
)
def test_moved_clipping_is_that_of_the_edit(kind, name, when, start):
    with treatment(Cure("move-clip")) as run:
        healed = clipped(kind, when, name=name, limit=0.02)
    assert same(healed, clipped(kind, "right", start, name=name, limit=0.02))
    assert not same(healed, clipped(kind, when, name=name, limit=0.02))
    assert did(run) == {f"{name} was called before the step": 8 - start}


def test_clipping_at_its_place_is_left():
    with treatment(Cure("move-clip")) as run:
        healed = clipped(MLP, "right")
    assert same(healed, clipped(MLP, "right"))
    assert run.charts[0].idle


# ---- steps that are missing ---------------------------------------------------------


def stepping(kind, form, *, steps=9, first=0, zeros=False):
    """Training as it should be from some step on, or with one of the faults."""
    torch.manual_seed(3)
    net = kind()
    optimizer = sgd(net, momentum=0.9, weight_decay=0.1)
    for number, (x, y) in enumerate(batches(net, steps)):
        if form != "cleared before the step":
            optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        if form == "cleared before the step":
            optimizer.zero_grad(set_to_none=not zeros)
            optimizer.step()
        elif form == "right" and number >= first:
            optimizer.step()
    return net


@each_net
@pytest.mark.parametrize("form", ["no step", "cleared before the step"])
def test_missing_steps_are_called_as_with_the_edit(kind, form):
    with treatment(Cure("call-step", {"rounds": 3})) as run:
        healed = stepping(kind, form)
    assert same(healed, stepping(kind, "right", first=3))
    assert did(run) == {"optimizers stepped after the backward pass": 6}


def test_scripts_that_step_or_add_up_are_left():
    with treatment(Cure("call-step", {"rounds": 1})) as run:
        healed = trained(MLP, steps=6)
    assert same(healed, trained(MLP, steps=6))
    assert run.charts[0].idle
    assert could_not(run) == []

    net = MLP()
    with treatment(Cure("call-step", {"rounds": 2})) as run:
        optimizer = sgd(net, momentum=0.9)
        for x, y in batches(net, 9):
            F.cross_entropy(net(x), y).backward()
    assert run.charts[0].idle
    assert could_not(run) == ["gradients were hardly ever cleared: that may be accumulation"]
    assert len(optimizer.state) == 0


# ---- schedules ----------------------------------------------------------------------


def scheduled(kind, *, per_batch, first=0, make=lambda o: StepLR(o, 1, 0.7)):
    """Three epochs of four batches; from an epoch on the schedule steps per batch."""
    torch.manual_seed(3)
    net = kind()
    optimizer = sgd(net)
    scheduler = make(optimizer)
    x, y = torch.randn(32, *SHAPES[kind]), torch.randint(0, 3, (32,))
    for epoch in range(3):
        for a, b in DataLoader(TensorDataset(x, y), batch_size=8):
            optimizer.zero_grad()
            F.cross_entropy(net(a), b).backward()
            optimizer.step()
            if per_batch and epoch >= first:
                scheduler.step()
        for _ in range(4 if epoch < first else 0 if per_batch else 1):
            scheduler.step()
    net.rate = optimizer.param_groups[0]["lr"]
    return net


@each_net
def test_a_schedule_moved_to_the_epoch_is_that_of_the_edit(kind):
    with treatment(Cure("move-scheduler")) as run:
        healed = scheduled(kind, per_batch=True)
    edited = scheduled(kind, per_batch=False)
    assert same(healed, edited)
    assert healed.rate == edited.rate
    assert did(run) == {"StepLR steps once per epoch; left out": 9}


@each_net
def test_a_schedule_moved_to_the_batch_is_that_of_the_edit_from_the_second_epoch_on(kind):
    with treatment(Cure("move-scheduler")) as run:
        healed = scheduled(kind, per_batch=False)
    edited = scheduled(kind, per_batch=True, first=1)
    assert same(healed, edited)
    assert healed.rate == pytest.approx(0.1 * 0.7**12)
    assert did(run) == {"StepLR steps after each batch": 11}


def test_schedules_that_cannot_be_moved_are_told():
    with treatment(Cure("move-scheduler")) as run:
        healed = trained(MLP, schedule=lambda o: StepLR(o, 1, 0.9))
    assert same(healed, trained(MLP, schedule=lambda o: StepLR(o, 1, 0.9)))
    assert could_not(run) == ["the script goes through no DataLoader of several batches"]
    with treatment(Cure("move-scheduler")) as run:
        optimizer = sgd(MLP())
        ReduceLROnPlateau(optimizer).step(1.0)
    assert could_not(run) == ["ReduceLROnPlateau wants a number of the script's at each step"]


# ---- optimizers of other weights ----------------------------------------------------


@pytest.mark.parametrize(("kind", "part", "make"), [
    (MLP, "fc2", lambda: nn.Linear(16, 16)),
    (CNN, "conv", lambda: nn.Conv2d(1, 4, 3)),
    (RNN, "rnn", lambda: nn.GRU(5, 8, batch_first=True)),
])  # fmt: skip
@pytest.mark.parametrize("whole", [True, False])
def test_a_rebuilt_optimizer_is_that_of_the_edit(kind, part, make, whole):
    def loop(*, late):
        torch.manual_seed(3)
        net = kind()
        optimizer = None if late else sgd(net, momentum=0.9)
        if whole:
            net = kind()
        else:
            setattr(net, part, make())
        optimizer = optimizer or sgd(net, momentum=0.9)
        for x, y in batches(net, 5):
            net.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
        net.optimizer = [optimizer]
        return net

    with treatment(Cure("rebuild-optimizer")) as run:
        healed = loop(late=False)
        assert len(healed.optimizer[0].param_groups) == 1
    assert same(healed, loop(late=True))
    assert not same(healed, loop(late=False))
    assert all(line.endswith("that runs joined SGD") for line in did(run))
    held = {id(p) for p in healed.optimizer[0].param_groups[0]["params"]}
    assert not {id(p) for p in getattr(healed, part).parameters()} & held  # undone


def test_a_head_that_is_replaced_in_the_middle_of_the_run_is_found():
    def loop(*, hand_over):
        torch.manual_seed(3)
        net = MLP()
        optimizer = sgd(net, momentum=0.9)
        for number, (x, y) in enumerate(batches(net, 30)):
            if number == 20:
                net.head = nn.Linear(16, 3)
                if hand_over:
                    optimizer.param_groups[0]["params"].extend(net.head.parameters())
            net.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
        return net

    with treatment(Cure("rebuild-optimizer")):
        healed = loop(hand_over=False)
    assert same(healed, loop(hand_over=True))


def test_an_optimizer_of_all_that_runs_is_left():
    with treatment(Cure("rebuild-optimizer")) as run:
        healed = trained(MLP)
    assert same(healed, trained(MLP))
    assert run.charts[0].idle


# ---- loaders that are begun anew ----------------------------------------------------


def drawn(net, loader, steps, *, train=True):
    """The first input of each batch that ``next(iter(loader))`` gives."""
    seen = []
    for _ in range(steps):
        x, y = next(iter(loader))
        seen.append(int(x[0, 0]))
        if train:
            F.cross_entropy(net(x * 1.0), y).backward()
    return seen


def numbered():
    x = torch.arange(12).reshape(12, 1).expand(12, 6)
    return DataLoader(TensorDataset(x, torch.zeros(12, dtype=torch.long)), batch_size=4)


def test_a_loader_goes_on_after_some_single_batches_and_begins_anew_when_it_is_through():
    loader = numbered()
    with treatment(Cure("advance-loader", {"times": 2})) as run:
        assert drawn(MLP(), loader, 8) == [0, 0, 4, 8, 0, 4, 8, 0]
        assert [int(x[0, 0]) for x, _ in loader] == [4, 8]  # begun as one more batch
        assert [int(x[0, 0]) for x, _ in loader] == [0, 4, 8]
    assert did(run) == {"a loader went on to its next batch": 5}
    assert drawn(MLP(), loader, 3) == [0, 0, 0]  # undone


def test_loaders_that_are_gone_through_or_only_looked_at_are_left():
    loader = numbered()
    net = MLP()
    with treatment(Cure("advance-loader", {"times": 1})) as run:
        assert drawn(net, loader, 4, train=False) == [0, 0, 0, 0]
        for _ in range(3):
            for x, y in loader:
                F.cross_entropy(net(x * 1.0), y).backward()
        with torch.no_grad():
            assert drawn(net, loader, 3, train=False) == [0, 0, 0]
    assert run.charts[0].idle
