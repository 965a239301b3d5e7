"""Every way of training in `ways`: left as it is, and its numbers against those of float64."""

import gc
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gradwise.watch.alive import Alive
from tests.watch.watching import trace_of, watched
from tests.watch.ways import STEPS, WAYS

ROOT = Path(__file__).parents[2]
TOLERANCE = 1e-4  # float32 against float64
COMPARED = 6  # first steps, all of them sampled


def norm(tensor):
    dense = tensor.detach().to_dense() if tensor.is_sparse else tensor.detach()
    return float(dense.double().norm())


def norms(run):
    """Losses, and norms of gradients and changes per step, by the place of a parameter in its model."""
    torch.manual_seed(3)
    losses, gradients, changes, before = [], [], [], None
    for models, loss in run():
        parameters = [p for model in models for p in model.parameters()]
        losses.append(loss)
        gradients.append([norm(p.grad) if p.grad is not None else 0.0 for p in parameters])
        now = [p.detach().double().clone() for p in parameters]
        changes.append([float((a - b).norm()) for a, b in zip(now, before, strict=True)] if before else [])
        before = now
    return losses, gradients, changes, [p.detach().clone() for p in parameters], torch.get_rng_state()


@pytest.mark.parametrize("name", WAYS)
def test_a_way_of_training(name, tmp_path):
    way = WAYS[name]
    if "pytorch_optimizer" in name:
        pytest.importorskip("pytorch_optimizer")
    losses, gradients, changes, weights, random = norms(way.run)
    torch._dynamo.reset()
    with watched(tmp_path / "run"):
        same, _, _, also, afterwards = norms(way.run)
    torch._dynamo.reset()
    assert same == losses and torch.equal(random, afterwards)
    assert all(torch.equal(a, b) for a, b in zip(weights, also, strict=True))
    trace = trace_of(tmp_path / "run")
    assert [fact.data for fact in trace.facts_of("note")] == []
    assert trace.steps == STEPS
    assert list(trace.step_signal("loss").mean) == pytest.approx(losses, rel=TOLERANCE)
    for signal, wanted in (("grad_norm", gradients), ("update_norm", changes)):
        table = trace.sampled(signal)
        if signal in way.unseen:
            continue
        at = {int(step): row for row, step in enumerate(table.steps)}
        assert set(range(way.begins, COMPARED)) <= set(at)
        seen = np.nan_to_num(np.stack([table.column(place) for place in table.places]))
        for step in range(max(way.begins, 1), COMPARED):
            ours, theirs = sorted(seen[:, at[step]]), sorted(wanted[step])
            theirs = [value for value in theirs if value > 0]  # frozen, or never reached
            assert [value for value in ours if value > 0] == pytest.approx(theirs, rel=TOLERANCE, abs=1e-9), (
                step
            )
    met = {info.name for info in trace.modules if info.name in trace.sampled("act_std").places}
    assert set(way.places) <= met, "act_std"
    assert (not met) == ("act_std" in way.unseen)
    if "criterion" not in way.varies:
        assert bool(trace.sampled("criterion").places) == ("criterion" not in way.unseen)
    assert not way.fact or trace.facts_of(way.fact)


@pytest.mark.parametrize(("backend", "seen"), [("eager", True), ("aot_eager", False)])
def test_the_loss_inside_a_compiled_step(backend, seen, server, tmp_path):
    """In a process of its own: what the compiler remembers of torch's functions outlives its reset."""
    (tmp_path / "script.py").write_text(
        f"""
import sys
sys.path.append({str(ROOT)!r})
from tests.watch.ways import compiled_loss
for _ in compiled_loss("{backend}"):
    pass
"""
    )
    done = server.check("--out", "run", "script.py", cwd=tmp_path)
    assert done.code == 0, done.err
    assert bool(trace_of(tmp_path / "run").sampled("criterion").places) == seen


def test_data_parallel_over_several_devices_is_told_in_one_sentence(tmp_path):
    with watched(tmp_path / "run") as session:
        parallel = nn.DataParallel(nn.Linear(2, 1))  # without accelerators it calls the module itself
        session.stages.note_parallel(parallel, 0)
        parallel.device_ids = [0, 1]
        session.stages.note_parallel(parallel, 0)
        session.stages.note_parallel(parallel, 1)
    (note,) = trace_of(tmp_path / "run").facts_of("note")
    assert note.data["where"] == "nn.DataParallel"
    assert "activations are not seen" in note.data["error"]


def test_a_closure_is_given_what_it_would_get_and_gives_what_it_gave(tmp_path):
    """Steps that make their gradients themselves are measured after the closure's first call, once."""
    asked = []

    class Asking(torch.optim.SGD):
        def step(self, closure=None, *more):
            asked.append((closure(), closure(), more))

    with watched(tmp_path / "run"):
        weight = nn.Parameter(torch.ones(3))
        optimizer = Asking([weight], lr=0.1)
        for scale in (1.0, 2.0, 3.0):

            def closure(scale=scale):
                optimizer.zero_grad()
                loss = (scale * weight).sum()
                loss.backward()
                return scale

            optimizer.step(closure, "and more")
    assert asked == [(scale, scale, ("and more",)) for scale in (1.0, 2.0, 3.0)]
    norms = trace_of(tmp_path / "run").sampled("grad_norm")
    assert list(norms.column(norms.places[0])) == pytest.approx([3**0.5, 2 * 3**0.5, 3 * 3**0.5])


def test_modules_that_hash_by_contents_are_known_by_identity():
    class Odd(nn.Module):
        def __hash__(self):
            raise AttributeError("not yet")

        __eq__ = object.__eq__

    known = Alive()
    one, other = Odd(), Odd()
    for thing in (one, other, one):
        known.add(thing)
    assert list(known) == [one, other]
    del one, thing
    gc.collect()
    assert list(known) == [other]
