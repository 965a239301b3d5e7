"""Adam and AdamW with little Python: torch's own updates, bit by bit, also off the short way."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from gradwise import optim
from gradwise.optim import prepared

KINDS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
both = pytest.mark.parametrize("kind", KINDS)


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))


def pair(kind: str, **options):
    """A net with torch's optimizer, and the same net with ours, of two groups each."""
    made = []
    for maker in (KINDS[kind], {"adam": prepared.Adam, "adamw": prepared.AdamW}[kind]):
        model = net()
        weights = list(model.parameters())
        groups = [{"params": weights[::2], "weight_decay": 0.1}, {"params": weights[1::2]}]
        made.append((model, maker(groups, **{"lr": 0.01, "fused": True, **options})))
    return made


def learn(model: nn.Module, optimizer: torch.optim.Optimizer, steps: int, first: int = 0) -> None:
    for step in range(first, first + steps):
        x = torch.randn(16, 5, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        model(x).square().sum().backward()
        optimizer.step()


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(a.equal(b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


@pytest.fixture
def kernels(monkeypatch):
    """Counts the calls of the short way."""
    calls = []
    for name in ("_ADAM", "_ADAMW"):
        real = getattr(prepared, name)

        def counted(*args, _name=name, _real=real, **kwargs):
            calls.append(_name)
            return _real(*args, **kwargs)

        monkeypatch.setattr(prepared, name, counted)
    return calls


@both
def test_updates_are_those_of_torch_and_take_the_short_way(kind, kernels):
    (theirs, their), (ours, our) = pair(kind)
    learn(theirs, their, 12)
    learn(ours, our, 12)
    assert same(theirs, ours)
    assert kernels == [f"_{kind.upper()}"] * 22  # the first step is torch's; two groups each
    assert [s["step"].item() for s in our.state.values()] == [12.0] * 4


@pytest.mark.parametrize(
    "options", [{"amsgrad": True}, {"maximize": True}, {"fused": None}, {"lr": torch.tensor(0.01)}]
)
def test_other_settings_give_what_torch_gives(options):
    (theirs, their), (ours, our) = pair("adam", **options)
    learn(theirs, their, 5)
    learn(ours, our, 5)
    assert same(theirs, ours)


def test_settings_changed_between_steps_count(kernels):
    made = pair("adamw")
    for model, optimizer in made:
        scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=10)
        for step in range(10):
            learn(model, optimizer, 1, step)
            scheduler.step()
        optimizer.param_groups[0]["weight_decay"] = 0.5
        learn(model, optimizer, 2, 10)
    assert same(made[0][0], made[1][0])
    assert kernels


def test_a_layer_without_gradient_is_left_out_as_torch_leaves_it_out(kernels):
    made = pair("adamw")
    for model, optimizer in made:
        learn(model, optimizer, 3)
        for weight in model[0].parameters():
            weight.requires_grad_(False)
        learn(model, optimizer, 3, 3)
        for weight in model[0].parameters():
            weight.requires_grad_(True)
        learn(model, optimizer, 3, 6)
    assert same(made[0][0], made[1][0])
    assert sorted({s["step"].item() for s in made[1][1].state.values()}) == [6.0, 9.0]
    assert kernels


@both
def test_state_goes_into_torch_and_back(kind):
    (theirs, their), (ours, our) = pair(kind)
    learn(ours, our, 4)
    theirs.load_state_dict(ours.state_dict())
    their.load_state_dict(our.state_dict())
    fresh, another = pair(kind)[1]
    fresh.load_state_dict(ours.state_dict())
    another.load_state_dict(copy.deepcopy(our.state_dict()))
    learn(theirs, their, 4, 4)
    learn(fresh, another, 4, 4)
    assert same(theirs, fresh)
    assert {s["step"].item() for s in their.state.values()} == {8.0}


def test_replaced_state_is_seen():
    made = pair("adam")
    for model, optimizer in made:
        learn(model, optimizer, 3)
        for state in optimizer.state.values():
            state["exp_avg"] = torch.zeros_like(state["exp_avg"])
        learn(model, optimizer, 3, 3)
        optimizer.state.clear()
        learn(model, optimizer, 3, 6)
    assert same(made[0][0], made[1][0])


def test_another_group_may_come_later():
    made = pair("adamw")
    extra = []
    for model, optimizer in made:
        learn(model, optimizer, 3)
        more = nn.Linear(3, 3)
        with torch.no_grad():
            more.weight.fill_(0.1)
            more.bias.zero_()
        optimizer.add_param_group({"params": list(more.parameters())})
        whole = nn.Sequential(model, more)
        learn(whole, optimizer, 3, 3)
        extra.append(whole)
    assert same(*extra)


def test_copies_go_their_own_ways():
    model, optimizer = pair("adamw")[1]
    learn(model, optimizer, 3)
    copied, its = copy.deepcopy((model, optimizer))
    unpickled, also = pickle.loads(pickle.dumps((model, optimizer)))
    learn(model, optimizer, 3, 3)
    assert not same(model, copied)
    learn(copied, its, 3, 3)
    learn(unpickled, also, 3, 3)
    assert same(model, copied)
    assert same(model, unpickled)


def test_hooks_are_called_and_may_be_of_the_optimizer_or_of_all():
    model, optimizer = pair("adamw")[1]
    learn(model, optimizer, 2)
    heard = []
    handles = [
        optimizer.register_step_pre_hook(lambda *_: heard.append("pre")),
        optimizer.register_step_post_hook(lambda *_: heard.append("post")),
        register_optimizer_step_pre_hook(lambda *_: heard.append("pre all")),
        register_optimizer_step_post_hook(
            lambda made, args, kwargs: heard.append(("post all", args[0] is made))
        ),
    ]
    learn(model, optimizer, 1, 2)
    assert heard == ["pre all", "pre", "post", ("post all", True)]
    handles[0].remove()
    handles[2].remove()
    learn(model, optimizer, 1, 3)
    assert heard[4:] == ["post", ("post all", True)]
    for handle in handles:
        handle.remove()


def test_a_closure_and_a_scaler_do_what_they_do_with_torch():
    made = pair("adam")
    for model, optimizer in made:
        learn(model, optimizer, 2)
        scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
        for step in range(3):
            optimizer.zero_grad()
            scaler.scale(model(torch.full((4, 5), float(step))).square().sum()).backward()
            scaler.step(optimizer)
            scaler.update()

        def closure(model=model, optimizer=optimizer):
            optimizer.zero_grad()
            loss = model(torch.ones(4, 5)).square().sum()
            loss.backward()
            return loss

        assert optimizer.step(closure).item() > 0
        learn(model, optimizer, 2, 9)
    assert same(made[0][0], made[1][0])


def test_a_profiler_finds_the_steps_by_name():
    model, optimizer = pair("adamw")[1]
    learn(model, optimizer, 2)
    with torch.autograd.profiler.profile() as seen:
        learn(model, optimizer, 1, 2)
    assert "Optimizer.step#AdamW.step" in {event.name for event in seen.function_events}


def test_gradients_are_forgotten_or_filled_with_zeros():
    model, optimizer = pair("adamw")[1]
    model(torch.ones(2, 5)).sum().backward()
    optimizer.zero_grad(set_to_none=False)
    assert all(weight.grad is not None and not weight.grad.any() for weight in model.parameters())
    optimizer.zero_grad()
    assert all(weight.grad is None for weight in model.parameters())


def test_fits_use_it():
    made = optim.make("adamw", net().parameters(), fused=True)
    assert isinstance(made, prepared.AdamW)
    assert isinstance(made, torch.optim.AdamW)
    assert isinstance(optim.make("adam", net().parameters()), prepared.Adam)


@pytest.mark.parametrize("gone", ["_BEFORE", "_AFTER", "_ADAM", "_ADAMW"])
def test_where_torch_has_changed_its_own_way_is_taken(gone, monkeypatch, kernels):
    monkeypatch.setattr(prepared, gone, None)
    (theirs, their), _ = pair("adamw")
    learn(theirs, their, 4)
    model = net()
    weights = list(model.parameters())

    class Fresh(prepared.AdamW):
        """Wrapped anew by torch."""

        step = prepared._plain(prepared.AdamW.step)

    groups = [{"params": weights[::2], "weight_decay": 0.1}, {"params": weights[1::2]}]
    learn(model, Fresh(groups, lr=0.01, fused=True), 4)
    assert same(theirs, model)
