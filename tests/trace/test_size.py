"""What a long run of a large net costs in bytes, and a small one in time."""

from __future__ import annotations

from time import process_time

import numpy as np

from gradwise.trace.model import Fact, ModuleInfo, ParameterInfo, Segment
from gradwise.trace.read import read_run

SERIES = ("loss", "rate", "step_seconds", "data_seconds")
MODULES = [f"transformer.layers.{i}.feed_forward.linear" for i in range(300)]
PARAMETERS = [f"{module}.{part}" for module in MODULES for part in ("weight", "bias")]
PARAMETER_SIGNALS = ("grad_norm", "weight_norm", "update_norm", "weight_rows", "grad_rows")
MODULE_SIGNALS = (
    *("act_mean", "act_std", "act_absmax", "zero_share", "nonpositive_share"),
    *("saturated_share", "sample_std", "act_nonfinite"),
)
LIMIT = 100_000_000  # bytes


def test_a_million_steps_of_a_300_layer_net_stay_under_100_mb(make_writer):
    rng = np.random.default_rng(0)
    writer = make_writer("run")
    columns = [(signal, place) for signal in PARAMETER_SIGNALS for place in PARAMETERS]
    columns += [(signal, place) for signal in MODULE_SIGNALS for place in MODULES]
    vector = rng.random(len(columns), dtype=np.float32)
    layouts = [writer.layout(columns), writer.layout(columns[1:]), writer.layout(columns[2:])]
    modules = tuple(ModuleInfo(name, "Linear", 1000) for name in MODULES)
    parameters = tuple(ParameterInfo(name, (64, 64), module=name[:-7]) for name in PARAMETERS)
    largest = 0
    for first in range(0, 1_000_000, 5000):
        losses = rng.random(5000)
        if first == 600_000:
            losses[1234] = 50.0
        for signal in SERIES:
            writer.steps(signal, first, losses)
        for k in range(20):  # 4000 samples offered, in pairs
            layout = k % 3
            vector[-1] = first
            vector[0] = 1000.0 if (first, k) == (750_000, 6) else 1.0
            writer.sample(first + 500 * (k // 2) + k % 2, layouts[layout], vector[layout:])
        writer.segment(0, Segment(0, first + 5000, modules, parameters))
        for step in range(first, first + 5000, 100):
            writer.evaluation(step, "val_loss", "cross_entropy", 1.0)
            writer.fact(Fact(step, "modes", "", {"eval_modules": MODULES[:20]}))
        writer.flush()
        if first % 50_000 == 0:
            largest = max(largest, sum(entry.stat().st_size for entry in writer.path.parent.iterdir()))
    assert largest < LIMIT
    run = read_run(writer.path)
    writer.close()
    assert writer.path.stat().st_size < LIMIT
    assert run.trace.steps == 1_000_000
    loss = run.trace.step_signal("loss")
    assert 4096 <= len(loss) <= 8192
    assert loss.counts.sum() == 1_000_000
    assert loss.high.max() == 50.0
    assert loss.steps[np.argmax(loss.high)] <= 601_234
    gradients = run.trace.sampled("grad_norm")
    assert 1500 < len(gradients) <= 2000
    assert 751_500 in gradients.steps[gradients.values[:, 0] == 1000.0]
    assert gradients.steps[-1] == 999_501
    assert run.trace.sampled("act_nonfinite").values[-1, -1] == 995_000


def test_recording_a_small_net_takes_well_under_5_ms_per_1000_steps(make_writer):
    """Fifty thousand steps, processor time; measured here 0.7 ms, so 5 ms has room for a busy machine."""
    writer = make_writer("run")
    columns = [(signal, str(i)) for signal in PARAMETER_SIGNALS + MODULE_SIGNALS for i in range(4)]
    layout = writer.layout(columns)
    block, vector = np.random.default_rng(0).random(250), np.ones(len(columns), np.float32)
    begin = process_time()
    for first in range(0, 50_000, 1000):
        for signal in SERIES:
            for quarter in range(4):
                writer.steps(signal, first + 250 * quarter, block)
        for sample in range(10):
            writer.sample(first + 100 * sample, layout, vector)
        writer.flush()
    spent = process_time() - begin
    assert spent / 50 < 0.005


def test_a_thousand_folds_of_one_net_share_its_lists(make_writer):
    writer = make_writer("run")
    for fold in range(1000):
        modules = tuple(ModuleInfo(name, "Linear") for name in MODULES)
        writer.segment(fold, Segment(10 * fold, 10 * fold + 10, modules))
    writer.close()
    assert writer.path.stat().st_size < 300_000
    segments = read_run(writer.path).segments
    assert len(segments) == 1000
    assert [module.name for module in segments[-1].modules] == MODULES


def test_evaluations_are_thinned_keeping_the_best(make_writer):
    writer = make_writer("run")
    for step in range(50_000):
        writer.evaluation(step, "val_loss", "here", abs(step - 31_337.0))
        if step % 5000 == 0:
            writer.flush()
    writer.close()
    table = read_run(writer.path).trace.sampled("val_loss")
    assert 1000 < len(table) <= 2048
    assert {0, 31_337, 49_999} <= set(table.steps.tolist())
