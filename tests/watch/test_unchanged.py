"""Watching changes nothing: weights, buffers, gradients, optimizer and random states are bit-identical."""

import json
from pathlib import Path

import pytest
import torch
import torch.utils.data.dataloader as dataloader
from torch import nn
from torch.nn.modules import module as module_hooks
from torch.optim.optimizer import Optimizer, _global_optimizer_post_hooks, _global_optimizer_pre_hooks

import gradwise
from gradwise.watch.losses import LOSS_FUNCTIONS
from tests.watch.processes import ended, start
from tests.watch.watching import watched

SCRIPTS = Path(__file__).with_name("scripts")
REAL = ("mlp", "cnn", "lstm", "gan", "loader")  # through the real command
FORKED = ("accumulation", "autocast", "lbfgs", "checkpointing")


def read(file):
    return json.loads(file.read_text())


def differences(one, two):
    return {name for name in one.keys() | two.keys() if one.get(name) != two.get(name)}


def assert_same(plain, under, folder):
    assert plain.code == 0, plain.err
    assert under.code in (0, 1), under.err
    assert under.out == plain.out
    without, with_watch = read(folder / "plain"), read(folder / "watched")
    assert len(without) > 10
    assert differences(without, with_watch) == set()
    assert read(folder / "diagnosis.json")["notes"] == []  # nothing was contained on the way
    run = gradwise.read_run(folder / "run")
    assert len(run.trace.sampled("act_std")) >= 5  # it did look


OPTIONS = ("--out", "run", "--budget", "100%", "--json", "diagnosis.json")


@pytest.mark.parametrize("name", REAL)
def test_the_command_leaves_the_run_bit_identical(name, tmp_path):
    script = str(SCRIPTS / f"{name}.py")
    plain = start(script, "plain", cwd=tmp_path)
    under = start("-m", "gradwise", "check", *OPTIONS, script, "watched", cwd=tmp_path)
    assert_same(ended(plain), ended(under), tmp_path)


@pytest.mark.parametrize("name", FORKED)
def test_the_watch_leaves_the_run_bit_identical(name, server, tmp_path):
    script = SCRIPTS / f"{name}.py"
    plain = server.python(script, "plain", cwd=tmp_path)
    under = server.check(*OPTIONS, script, "watched", cwd=tmp_path)
    assert_same(plain, under, tmp_path)


def test_the_comparison_sees_one_changed_number(tmp_path, server):
    script = tmp_path / "script.py"
    for name, drawn in (("plain", 0), ("watched", 1)):
        text = (SCRIPTS / "mlp.py").read_text().replace("leave(sys", f"torch.rand({drawn})\nleave(sys")
        script.write_text(f"import sys\nsys.path.append({str(SCRIPTS)!r})\n{text}")
        assert server.python(script, name, cwd=tmp_path).code == 0
    assert differences(read(tmp_path / "plain"), read(tmp_path / "watched")) == {"torch random"}


OWNERS = {
    **{name: (nn.functional, name) for name in LOSS_FUNCTIONS},
    "backward": (torch.autograd, "backward"),
    "module": (nn.Module, "__init__"),
    "module state": (nn.Module, "__setstate__"),
    "load": (nn.Module, "load_state_dict"),
    "parallel": (nn.DataParallel, "__init__"),
    "optimizer": (Optimizer, "__init__"),
    "optimizer state": (Optimizer, "__setstate__"),
    "loader": (dataloader._BaseDataLoaderIter, "__next__"),
    "compile": (torch, "compile"),
    "export": (torch.export, "export"),
    "scale": (torch.amp.GradScaler, "scale"),
    "clip norm": (nn.utils, "clip_grad_norm_"),
    "clip value": (nn.utils.clip_grad, "clip_grad_value_"),
    "no_grad": (torch.no_grad, "__enter__"),
    "no_grad left": (torch.no_grad, "__exit__"),
    "inference": (torch.inference_mode, "__enter__"),
    "inference left": (torch.inference_mode, "__exit__"),
    "scheduler": (torch.optim.lr_scheduler.LRScheduler, "__init__"),
    "scheduler state": (torch.optim.lr_scheduler.LRScheduler, "load_state_dict"),
    "scaler step": (torch.amp.GradScaler, "step"),
}


def torch_as_it_is():
    """Every function that is wrapped, and how many global hooks there are."""
    functions = {key: (getattr(owner, name), name in vars(owner)) for key, (owner, name) in OWNERS.items()}
    counts = [
        len(kept)
        for kept in (
            module_hooks._global_forward_hooks,
            module_hooks._global_forward_hooks_with_kwargs,
            module_hooks._global_forward_hooks_always_called,
            module_hooks._global_forward_pre_hooks,
            module_hooks._global_backward_hooks,
            module_hooks._global_backward_pre_hooks,
            _global_optimizer_pre_hooks,
            _global_optimizer_post_hooks,
        )
    ]
    return functions, counts


@pytest.mark.parametrize("probing", [False, True])
@pytest.mark.parametrize("steps", [0, 1, 3, 25])
def test_torch_is_put_back_as_it_was(steps, probing, tmp_path):
    before = torch_as_it_is()
    with watched(tmp_path / "run", probing=probing):
        during = torch_as_it_is()
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(steps):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(torch.ones(4, 3)), torch.zeros(4, 2)).backward()
            optimizer.step()
    assert during != before
    changed = [key for key, value in during[0].items() if before[0][key] == value]
    assert changed == []  # the list above names what is really wrapped
    assert torch_as_it_is() == before
    assert not model._forward_hooks and not optimizer._optimizer_step_post_hooks


def test_torch_is_put_back_after_an_exception_in_the_loop(tmp_path):
    before = torch_as_it_is()

    def loop():
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for step in range(3):
            loss = nn.functional.mse_loss(model(torch.ones(4, 3)), torch.zeros(4, 2))
            if step == 2:
                raise ZeroDivisionError
            loss.backward()
            optimizer.step()

    with pytest.raises(ZeroDivisionError), watched(tmp_path / "run"):
        loop()
    assert torch_as_it_is() == before


def test_another_patch_made_meanwhile_is_left_alone(tmp_path, monkeypatch):
    def mine(*args, **kwargs):
        return None

    with watched(tmp_path / "run"):
        monkeypatch.setattr(nn.functional, "l1_loss", mine)
    assert nn.functional.l1_loss is mine
    monkeypatch.undo()
    # monkeypatch put the wrapper back; without a session it only calls the original
    assert nn.functional.l1_loss(torch.ones(2), torch.zeros(2)).item() == 1.0
    nn.functional.l1_loss = nn.functional.l1_loss.__wrapped__


def test_a_step_keeps_the_version_counters_of_everything(tmp_path):
    """Nothing that the graph saved is written to, so that autograd's own checks stay true."""
    with watched(tmp_path / "run"):
        model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x, y = torch.ones(4, 3), torch.zeros(4, 2)
        for step in range(4):
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            versions = [p._version for p in model.parameters()]
            gradients = [p.grad._version for p in model.parameters()]
            optimizer.step()
            assert [p._version - v for p, v in zip(model.parameters(), versions, strict=True)] == [1] * 4
            assert [p.grad._version for p in model.parameters()] == gradients
            optimizer.zero_grad()
    assert (x._version, y._version) == (0, 0)


def test_models_are_not_kept_alive(tmp_path):
    import gc
    import weakref

    with watched(tmp_path / "run"):
        model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(30):
            loss = nn.functional.mse_loss(model(torch.ones(4, 3)), torch.zeros(4, 2))
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        kept = [weakref.ref(thing) for thing in (model, model[0].weight, optimizer, loss)]
        del model, optimizer, loss
        gc.collect()
        assert [ref() for ref in kept] == [None] * 4
