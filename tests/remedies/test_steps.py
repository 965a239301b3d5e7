"""Cures that change which steps are taken and how."""

import copy

import pytest
import torch
import torch.nn.functional as F

from gradwise.heal.treatment import Cure
from gradwise.remedies.collection import find_remedy
from tests.remedies.nets import (
    CNN,
    MLP,
    NETS,
    SHAPES,
    batches,
    close,
    could_not,
    did,
    same,
    sgd,
    trained,
    treatment,
)

each_net = pytest.mark.parametrize("kind", NETS)


# ---- fewer steps ---------------------------------------------------------------------


def adam(net):
    return torch.optim.AdamW(net.parameters(), lr=0.01)


def accumulating(kind, make, times, steps=9):
    torch.manual_seed(3)
    net = kind()
    optimizer = make(net)
    for number, (x, y) in enumerate(batches(net, steps), start=1):
        (F.cross_entropy(net(x), y) / times).backward()
        if number % times == 0:
            optimizer.step()
            optimizer.zero_grad()
    return net


@each_net
@pytest.mark.parametrize("make", [sgd, adam])
@pytest.mark.parametrize(("cure", "dose"), [("accumulate", "batches"), ("larger-batch", "times")])
def test_accumulation_is_that_of_the_edit(kind, make, cure, dose):
    with treatment(Cure(cure, {dose: 4})) as run:
        healed = trained(kind, make, steps=9)
    assert same(healed, accumulating(kind, make, 4))
    assert did(run) == {"gradients of 4 steps were averaged and used at once": 2}


def test_the_script_finds_its_own_gradients_after_every_step():
    net = MLP()
    optimizer = sgd(net, momentum=0.9)
    with treatment(Cure("accumulate", {"batches": 2})):
        for number, (x, y) in enumerate(batches(net, 4), start=1):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            own = net.fc1.weight.grad
            before = own.clone()
            optimizer.step()
            assert net.fc1.weight.grad is own
            assert torch.equal(own, before)
            assert len(optimizer.state) == (6 if number >= 2 else 0)


def test_undone_the_next_step_uses_its_own_gradient():
    net = MLP()
    optimizer = sgd(net)
    (x, y), (z, t) = batches(net, 2)
    with treatment(Cure("larger-batch")):
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    twin = MLP()
    twin.load_state_dict(net.state_dict())
    for each in (net, twin):
        each.zero_grad()
        F.cross_entropy(each(z), t).backward()
    optimizer.step()
    sgd(twin).step()
    assert same(net, twin)


# ---- fused steps ---------------------------------------------------------------------


@each_net
@pytest.mark.parametrize("optim", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
def test_fused_steps_are_those_of_the_edit(kind, optim):
    def make(net, **options):
        return optim(net.parameters(), lr=0.05, **options)

    with treatment(Cure("fused-optimizer")) as run:
        healed = trained(kind, make)
        assert healed.optimizer[0].param_groups[0]["fused"] is None
    assert same(healed, trained(kind, make, fused=True))
    if kind is not CNN:  # the gradient of a bias before a norm layer is rounding, which Adam makes large
        assert close(healed, trained(kind, make))
    assert did(run) == {f"{optim.__name__} took fused steps": 8}


def test_forms_that_the_script_chose_and_kinds_without_one_are_left():
    with treatment(Cure("fused-optimizer")) as run:
        trained(MLP, foreach=True)
        trained(MLP, lambda net: torch.optim.Adadelta(net.parameters()))
    assert run.charts[0].idle
    assert could_not(run) == ["SGD has a form that the script chose", "Adadelta has no fused form"]


# ---- steps that are left out ---------------------------------------------------------


def spiked(kind, *, skip=(), bad=50.0, steps=12):
    """Training with one broken batch."""
    torch.manual_seed(3)
    net = kind()
    optimizer = sgd(net, momentum=0.9)
    for number, (x, y) in enumerate(batches(net, steps)):
        loss = F.cross_entropy(net(x), y) * (bad if number == 8 else 1.0)
        optimizer.zero_grad()
        loss.backward()
        if number not in skip:
            optimizer.step()
    return net


@each_net
@pytest.mark.parametrize("bad", [50.0, float("inf"), float("nan")])
def test_leaving_a_broken_batch_out_is_that_of_the_edit(kind, bad):
    with treatment(Cure("skip-batch")) as run:
        healed = spiked(kind, bad=bad)
    assert same(healed, spiked(kind, skip={8}))
    word = "loss more than 10 times its median" if bad == 50 else "loss not finite"
    assert did(run) == {f"steps were left out: {word}": 1}


def test_a_large_gradient_alone_is_left_out_and_usual_ones_are_not():
    def one_step(*, skip):
        torch.manual_seed(0)
        net = MLP()
        optimizer = sgd(net)
        for number, (x, y) in enumerate(batches(net, 10)):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            if number == 7:
                net.head.bias.grad += 1000
            if not (skip and number == 7):
                optimizer.step()
        return net

    with treatment(Cure("skip-batch")) as run:
        healed = one_step(skip=False)
    assert same(healed, one_step(skip=True))
    assert did(run) == {"steps were left out: gradient more than 10 times its median": 1}
    with treatment(Cure("skip-batch")) as run:
        assert same(trained(MLP, steps=12), trained(MLP, steps=12))
    assert run.charts[0].idle


def test_a_run_beyond_help_is_told():
    with treatment(Cure("skip-batch")) as run:
        trained(MLP, steps=25, before_step=lambda net: net.head.bias.grad.fill_(float("nan")))
    assert could_not(run) == ["20 steps in a row were not finite: leaving steps out does not help"]


def judged(kind, *, stop_at=None, patience=2, epochs=8):
    """Training whose evaluation turns; the edit stops and takes the best weights."""
    torch.manual_seed(3)
    net = kind()
    optimizer = sgd(net, lr=0.3)
    x, y = next(batches(net, 1))
    v = torch.randn(len(y), *SHAPES[kind])  # nothing of it can be learnt
    best, at, net.seen = float("inf"), 0, []
    for epoch in range(epochs):
        net.eval()
        with torch.no_grad():
            value = F.cross_entropy(net(v), y).item()
        net.seen.append(value)
        if stop_at and value < best:
            best, at, kept = value, epoch, {k: t.clone() for k, t in net.state_dict().items()}
        elif stop_at and epoch - at >= patience:
            net.load_state_dict(kept)
            break
        net.train()
        for _ in range(4):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
    return net


@each_net
def test_stopping_early_is_that_of_the_edit(kind):
    with treatment(Cure("early-stop", {"patience": 2})) as run:
        healed = judged(kind)
    edited = judged(kind, stop_at=True)
    assert len(edited.seen) < 8
    assert same(healed, edited)
    best = min(edited.seen)
    assert healed.seen[len(edited.seen) :] == pytest.approx([best] * (8 - len(edited.seen)))
    number = edited.seen.index(best) + 1
    told = f"evaluation {number} of {len(edited.seen)} was the best (loss {best:.4g})"
    assert f"stopped: {told}, none of the 2 after it was better" in did(run)


def test_the_best_weights_are_put_back_at_the_end():
    with treatment(Cure("early-stop", {"patience": 100})) as run:
        healed = judged(MLP)
    assert same(healed, judged(MLP, stop_at=True))
    assert [words.split(":")[0] for words in did(run)] == ["put back at the end"]


def test_a_run_without_evaluation_is_told():
    with treatment(Cure("early-stop")) as run:
        healed = trained(MLP)
    assert same(healed, trained(MLP))
    assert could_not(run) == ["the run has no evaluation that is a loss of torch.nn.functional"]


# ---- together, under a scaler, and undone --------------------------------------------


def scaled_loop(*, times=1, skip=()):
    torch.manual_seed(0)
    net = MLP()
    optimizer = sgd(net)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    for number, (x, y) in enumerate(batches(net, 12)):
        loss = F.cross_entropy(net(x), y) * (50 if number == 8 else 1) / times
        scaler.scale(loss).backward()
        if number not in skip and (number + 1) % times == 0:
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
        elif number in skip:
            optimizer.zero_grad()
    return net


@pytest.mark.parametrize(
    ("cure", "edit"),
    [
        (Cure("accumulate", {"batches": 4}), {"times": 4}),
        (Cure("skip-batch"), {"skip": {8}}),
    ],
    ids=["accumulate", "skip-batch"],
)
def test_under_a_scaler_it_is_the_edit_too(cure, edit):
    with treatment(cure):
        healed = scaled_loop()
    assert close(healed, scaled_loop(**edit))
    assert not close(healed, scaled_loop())


def test_what_skip_batch_leaves_out_is_not_averaged():
    with treatment(Cure("skip-batch"), Cure("accumulate", {"batches": 2})) as run:
        spiked(MLP)
    assert did(run)["gradients of 2 steps were averaged and used at once"] == 5  # of 11 that are left


EXACT = (
    "accumulate", "larger-batch", "class-weights", "focal-loss", "robust-loss", "fused-optimizer", "skip-batch",
    "standardize-input", "drop-or-impute", "move-clip", "call-step",
)  # fmt: skip


@each_net
@pytest.mark.parametrize("name", EXACT)
def test_undone_the_run_goes_on_as_if_it_had_never_been_treated(kind, name):
    with treatment(Cure(name)):
        healed = trained(kind, adam)
    twin = kind()
    twin.load_state_dict(healed.state_dict())
    other = adam(twin)
    other.load_state_dict(copy.deepcopy(healed.optimizer[0].state_dict()))
    for net, optimizer in ((healed, healed.optimizer[0]), (twin, other)):
        torch.manual_seed(1)
        for x, y in batches(net, 3):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
    assert same(healed, twin)
    # Of larger-batch that is so between epochs, too, but not within one.
    assert find_remedy(name).declaration.undo == ("onward" if name == "larger-batch" else "exact")
