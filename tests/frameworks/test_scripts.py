"""`gradwise check` on scripts of training frameworks, as their users write them.

Skipped where a framework is missing; ``make test-frameworks`` installs them all.
"""

import json
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

import gradwise

SCRIPTS = Path(__file__).with_name("scripts")


@dataclass(frozen=True)
class Case:
    """One framework: what its two scripts do, and what must be seen of them."""

    package: str  # as it is imported
    found: str  # in the sick script
    steps: int  # of the healthy one
    optimizer: str
    loss: str  # function of the healthy script
    evaluations: tuple[int, ...]  # steps at which the validation losses of the healthy script stand
    weights: tuple[str, ...]  # as its users call them
    rate: float
    accumulated: int = 1


TIMES = re.compile(r"\d+m?s|_(runtime|per_second)': '[\d.e+]+'")  # in what frameworks print
EPOCHS = tuple(range(40, 361, 40))

CASES = {
    "lightning": Case(
        "lightning", "softmax-twice", 320, "AdamW", "cross_entropy", (0, *EPOCHS[:8]),
        ("net.0.weight", "net.0.bias", "net.2.weight", "net.2.bias"), 1e-2,
    ),
    "huggingface": Case(
        "transformers", "softmax-twice", 160, "AdamW", "cross_entropy", EPOCHS[:4],
        ("bert.embeddings.word_embeddings.weight", "classifier.weight"), 2e-3,
    ),
    "accelerate": Case(
        "accelerate", "missing-zero-grad", 240, "Adam", "mse_loss", (40, 80, 120, 160, 200, 240),
        ("0.weight", "4.bias"), 3e-3, accumulated=2,
    ),
    "skorch": Case(
        "skorch", "target-broadcast", 400, "Adam", "nll_loss", tuple(range(40, 401, 40)),
        ("hidden.weight", "hidden.bias", "out.weight", "out.bias"), 1e-2,
    ),
    "ignite": Case(
        "ignite", "eval-mode-while-training", 320, "SGD", "cross_entropy", EPOCHS[:8],
        ("0.weight", "1.weight", "6.bias"), 0.05,
    ),
    "keras": Case(
        "keras", "lr-too-high", 228, "Adam", "nll_loss", (38, 76, 114, 152, 190, 228),
        ("dense.kernel", "dense.bias", "dense_1.kernel", "dense_1.bias"), 1e-2,
    ),
}  # fmt: skip

NAMES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(find_spec(case.package) is None, reason=f"{case.package} is not installed"),
    )
    for name, case in CASES.items()
]


def check(server, name, folder):
    """``gradwise check`` with every step of the budget, its exit code, diagnosis and run."""
    done = server.check(
        "--out",
        "run",
        "--budget",
        "100%",
        "--json",
        "found.json",
        SCRIPTS / f"{name}.py",
        "weights",
        cwd=folder,
    )
    assert "Traceback" not in done.err
    return done, json.loads((folder / "found.json").read_text()), gradwise.read_run(folder / "run")


@pytest.mark.parametrize("name", NAMES)
def test_a_sick_script_is_named(name, server, tmp_path):
    done, found, run = check(server, f"{name}_sick", tmp_path)
    assert done.code == 1, done.err
    assert found["findings"][0]["rule"] == CASES[name].found
    assert found["notes"] == []
    assert len(run.segments) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_healthy_script_is_clean_seen_as_it_is_and_left_as_it_is(name, server, tmp_path):
    case = CASES[name]
    plain = server.python(SCRIPTS / f"{name}_healthy.py", "plain", cwd=tmp_path)
    assert plain.code == 0, plain.err
    done, found, run = check(server, f"{name}_healthy", tmp_path)
    assert TIMES.sub("", done.out) == TIMES.sub("", plain.out)
    one, other = (torch.load(tmp_path / file) for file in ("plain", "weights"))
    assert one.keys() == other.keys() and len(one) >= 4
    assert [key for key in one if not torch.equal(one[key], other[key])] == []
    assert (done.code, found["findings"], found["notes"]) == (0, [], []), done.err
    trace = run.trace
    assert run.info.steps == case.steps
    # Phases: what validates is no training loss, and stands at the step that came before it.
    validation = trace.sampled("val_loss")
    assert list(validation.steps) == list(case.evaluations)
    assert len(validation.places) == 1 and validation.places[0].startswith(f"{case.loss} (line ")
    curve = validation.column(validation.places[0])
    assert curve[-1] < 0.8 * curve[0]
    assert trace.sampled("criterion").places == (case.loss,)
    # Places: modules and parameters by the names that users give them.
    assert set(case.weights) <= {p.name for p in trace.parameters if p.in_optimizer}
    # Steps: gradients as they are when the optimizer uses them, from the first step on.
    told = {fact.kind: fact.data for fact in reversed(trace.facts)}
    assert told["optimizer"]["class"] == case.optimizer
    backwards = told.get("accumulation", {"backwards_per_step": 1})["backwards_per_step"]
    assert backwards == case.accumulated
    for signal in ("grad_norm", "update_norm"):
        table = trace.sampled(signal)
        assert table.steps[0] == 0
        assert (table.column(case.weights[0])[1:5] > 0).all()
    assert max(trace.step_signal("rate").mean) == pytest.approx(case.rate, rel=1e-4)
