"""The handle itself: moments, containment, and torch as it was afterwards."""

import threading
import weakref

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import optimizer as optimizers
from torch.optim.lr_scheduler import LRScheduler, StepLR
from torch.utils.data import DataLoader, TensorDataset

from gradwise.heal.treatment import Cure, applicable
from gradwise.remedies.patient import TreatedRun
from gradwise.remedies.patient.attaching import loss_names
from gradwise.remedies.patient.models import Models
from tests.remedies.nets import MLP, could_not, same, sgd, trained, treatment

OWNERS = (
    F, torch, torch.Tensor, torch.autograd, torch.nn.utils, torch.nn.utils.clip_grad, nn.Module, DataLoader,
    optimizers.Optimizer, torch.optim.SGD, torch.optim.Adam, LRScheduler, StepLR,
)  # fmt: skip
MOMENTS = (
    "optimizer", "group", "scheduler", "schedule", "root", "mode", "loss", "backward", "before-step",
    "after-step", "gradients", "zero-grad", "loader", "batch", "loss-value", "enter", "output", "objective",
    "after-backward", "epoch",
)  # fmt: skip


def surface():
    """Everything that a treatment may have replaced."""
    held = [dict(vars(owner)) for owner in OWNERS]
    hooks = (optimizers._global_optimizer_pre_hooks, optimizers._global_optimizer_post_hooks)
    return held, [list(each) for each in hooks]


def differing(before, after):
    kinds = [
        (owner, name)
        for owner, left, right in zip(OWNERS, before[0], after[0], strict=True)
        for name in {*left, *right}
        if left.get(name) is not right.get(name)
    ]
    return kinds, before[1] != after[1]


@pytest.fixture(scope="module", autouse=True)
def warmed_up():
    """Classes of optimizers are changed by torch itself when the first of them is made."""
    for kind in (torch.optim.SGD, torch.optim.Adam):
        StepLR(kind(MLP().parameters(), lr=0.1), 1)


@pytest.mark.parametrize("name", applicable())
def test_afterwards_torch_is_what_it_was(name):
    with treatment(Cure(name)):
        pass
    before = surface()
    with treatment(Cure(name)) as run:
        trained(MLP, schedule=lambda o: StepLR(o, 1))
        assert differing(before, surface()) != ([], False)
    assert differing(before, surface()) == ([], False)
    assert not any("Error" in line for line in could_not(run))


@pytest.mark.parametrize("name", applicable())
def test_the_treated_loss_stays_finite_and_the_random_numbers_are_the_scripts(name):
    def last():
        net = trained(MLP, schedule=lambda o: StepLR(o, 3))
        return net, torch.rand(1).item()

    _, number = last()
    with treatment(Cure(name)):
        net, treated = last()
    if not Cure(name).remedy.declaration.lengthens:  # more steps of the script's own draw more
        assert treated == number
    assert all(p.isfinite().all() for p in net.parameters())


def everything(seen):
    """A cure that waits for every moment and changes nothing."""

    def treat(patient, dose):
        for moment in MOMENTS:
            patient.at(moment, lambda *told, moment=moment: seen.append(moment))

    return treat


def a_script():
    torch.manual_seed(0)
    loader = DataLoader(TensorDataset(torch.randn(8, 6), torch.randint(0, 3, (8,))), batch_size=4)
    net = MLP()
    optimizer = sgd(net.fc1)
    optimizer.add_param_group({"params": net.head.parameters()})
    scheduler = StepLR(optimizer, 1, 0.5)
    for x, y in loader:
        net.train()
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
        scheduler.step()
    return net


def run_with(*treats):
    run = TreatedRun()
    for number, treat in enumerate(treats):
        run.give(f"cure {number}", treat, {})
    with run:
        net = a_script()
    return net, run


def test_every_moment_comes_and_in_order():
    seen = []
    healed, _ = run_with(everything(seen))
    assert set(seen) == set(MOMENTS)
    assert same(healed, a_script())
    start = ["loader", "optimizer", "group", "scheduler", "epoch", "batch"]
    assert [m for m in seen if m != "mode"][:6] == start
    step = [
        "zero-grad", "root", "enter", "output", "loss", "loss-value", "backward", "objective", "after-backward",
        "before-step", "gradients", "after-step", "schedule",
    ]  # fmt: skip
    assert [m for m in seen if m in step][: len(step)] == step
    assert seen.count("root") == 1


def test_an_error_in_a_cure_is_noted_and_the_script_goes_on():
    def breaking(patient, dose):
        for moment in MOMENTS:
            patient.at(moment, lambda *told: 1 / 0)

    seen = []
    healed, run = run_with(breaking, everything(seen))
    assert same(healed, a_script())
    assert set(seen) == set(MOMENTS)
    assert set(could_not(run)) == {f"{moment}: ZeroDivisionError: division by zero" for moment in MOMENTS}
    assert run.charts[0].idle


def test_one_subscription_can_be_ended():
    seen = []

    def once(patient, dose):
        end = patient.at("backward", lambda: (seen.append(1), end()))

    run_with(once)
    assert seen == [1]


def test_a_cure_that_fails_at_once_is_noted():
    def broken(patient, dose):
        raise OSError("no such thing")

    _, run = run_with(broken)
    assert could_not(run) == ["at the start: OSError: no such thing"]


def test_a_cure_may_change_losses_and_batches():
    def doubled(patient, dose):
        patient.at("loss", lambda call, name: ((call[0][0] * 2, *call[0][1:]), call[1]))

    def emptied(patient, dose):
        patient.at("batch", lambda batch, iterator: [batch[0] * 0, batch[1]])

    plain = a_script()
    assert not same(run_with(doubled)[0], plain)
    zero = run_with(emptied)[0]
    torch.manual_seed(0)
    assert not same(zero, plain)


def test_a_swapped_in_module_is_trained_by_the_models_optimizer():
    def normed(patient, dose):
        def at_root(root):
            patient.swap(root, "act", nn.Sequential(nn.LayerNorm(16), nn.ReLU()))

        patient.at("root", at_root)

    for early in (True, False):
        run = TreatedRun()
        run.give("normed", normed, {})
        with run:
            net = MLP()
            optimizer = sgd(net) if early else None
            net(torch.ones(1, 6))
            optimizer = optimizer or sgd(net)
            held = [id(p) for p in optimizer.param_groups[0]["params"]]
            assert id(net.act[0].weight) in held
            assert len(held) == len(set(held)) == 8
            assert "act.0.weight" in net.state_dict()
        assert isinstance(net.act, nn.ReLU)


def test_a_model_without_the_treatment_knows_nothing_of_it():
    with treatment(Cure("he-init")):
        pass
    net = MLP()
    net(torch.ones(1, 6))
    assert not any(name.startswith("_gradwise") for module in net.modules() for name in vars(module))


def test_losses_of_torch_are_known():
    assert {"cross_entropy", "mse_loss", "nll_loss", "kl_div", "ctc_loss"} <= set(loss_names())
    assert all(callable(getattr(F, name)) for name in loss_names())


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_a_scripted_model_still_compiles():
    with treatment(Cure("leaky-relu"), Cure("clip-gradient")):
        assert torch.jit.script(MLP())(torch.ones(1, 6)).shape == (1, 3)


@pytest.mark.parametrize("in_place", [True, False])
def test_a_compiled_model_is_treated_before_it_is_compiled(in_place):
    def loss(*, compiled):
        torch.manual_seed(0)
        net = MLP()
        if compiled and in_place:
            net.compile(backend="eager")
        elif compiled:
            net = torch.compile(net, backend="eager")
        return net(torch.ones(2, 6)).sum().item()

    cures = (Cure("he-init"), Cure("leaky-relu", {"slope": 0.4}), Cure("zero-grad"))
    with treatment(*cures):
        healed = loss(compiled=True)
    with treatment(*cures):
        assert loss(compiled=False) == pytest.approx(healed)
    assert loss(compiled=False) != pytest.approx(healed)


def test_backward_in_a_thread_is_treated_too():
    with treatment(Cure("lower-lr")):
        found = []
        thread = threading.Thread(target=lambda: found.append(trained(MLP, lr=0.5)))
        thread.start()
        thread.join()
    assert same(found[0], trained(MLP, lr=0.05))


def test_modules_that_are_gone_are_no_matter_to_two_looks_at_once():
    models = Models()
    kept = [nn.Linear(2, 2) for _ in range(3)]
    for each in kept:
        models.note(each)
    looks = models.alive()
    assert next(looks) is kept[0]
    gone = id(kept.pop(1))
    assert list(models.alive()) == kept
    again = nn.Linear(2, 2)
    models._known[gone] = weakref.ref(again)  # its number has been given anew
    assert list(looks) == kept[1:]
    assert set(models.alive()) == {*kept, again}
