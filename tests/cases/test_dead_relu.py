"""Cases of dead-relu: silent on every input, for much of a layer, and harmful."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradwise.rules.dead_relu import SILENT_LIMIT, STRICT_LIMIT, check
from gradwise.trace.model import ModuleInfo, Trace
from tests.cases.build import Values, before_and_after, build, decay, learning, noisy


def run(
    share: Values, *, end: float = 2.29, activation: str = "relu", batch: float = 64, **more: Any
) -> Trace:
    """A layer of 64 units with the given share of silent ones; ``end`` is the final loss (trivial 2.3)."""
    tables = {
        "silent_share": {"fc1": share, "fc2": 0.1},
        "batch_size": {"net": batch},
        **learning(end=end),
    }
    modules = [
        ModuleInfo("fc1", "Linear", activation=activation, units=64, order=0),
        ModuleInfo("fc2", "Linear", activation="", units=10, order=1),
    ]
    loss = more.pop("loss", tables["criterion"]["cross_entropy"])
    return build(loss=loss, tables=tables, modules=modules, **more)


def test_sick_dies_in_the_first_steps() -> None:
    (finding,) = check(run(before_and_after(5, 0.2, 1.0)))
    assert finding.where == ("fc1",)
    assert finding.since_step == 5
    assert finding.cures[0] == "lower-lr"


def test_sick_silent_from_the_start() -> None:
    (finding,) = check(run(0.95))
    assert "from the start" in finding.message
    assert finding.cures[0] == "he-init"


def test_sick_half_alive_and_slow_to_learn() -> None:
    # It ends well, but a third of the run went by before anything moved.
    loss = before_and_after(200, 2.3, 0.2)
    trace = run(0.75, loss=loss, end=0.2)
    assert list(check(trace))


def test_sick_nearly_all_dead_though_it_learns() -> None:
    assert list(check(run(0.97, end=0.2)))


def test_healthy_alive_layer() -> None:
    assert not list(check(run(0.1, end=0.1)))


def test_healthy_near_miss_just_under_the_limit() -> None:
    assert not list(check(run(SILENT_LIMIT - 0.01)))
    assert list(check(run(SILENT_LIMIT + 0.01)))


def test_healthy_sparse_wide_layer_that_learns() -> None:
    assert not list(check(run(noisy(0.7, 0.05), end=0.1)))
    assert STRICT_LIMIT > 0.7


def test_healthy_dead_for_a_while_only() -> None:
    assert not list(check(run(before_and_after(60, 0.9, 0.2))))


def test_healthy_single_samples_say_nothing() -> None:
    assert not list(check(run(0.95, batch=1)))


def test_healthy_small_batches_need_a_larger_share() -> None:
    assert not list(check(run(0.8, batch=10)))


def test_healthy_look_alike_negative_output_without_relu() -> None:
    assert not list(check(run(1.0, activation="")))


def test_healthy_look_alike_leaky_units() -> None:
    assert not list(check(run(1.0, activation="leaky_relu")))


def test_healthy_module_and_function_are_named_once() -> None:
    trace = run(1.0)
    relu = ModuleInfo("act1", "ReLU", activation="relu", is_activation=True, order=1)
    table = trace.tables["silent_share"]
    both = type(table)(table.steps, ("fc1", "act1"), np.ones((len(table), 2)))
    again = Trace(
        trace.run,
        trace.series,
        {**trace.tables, "silent_share": both},
        (),
        (*trace.modules, relu),
        (),
        trace.steps,
    )
    (finding,) = check(again)
    assert finding.where == ("fc1",)


def test_healthy_run_too_short_to_judge() -> None:
    assert not list(check(run(1.0, steps=3, loss=decay(2.3, 2.2))))


def test_sick_the_last_units_die_late_in_a_run_that_looks_well() -> None:
    """A penalty drives a code to zero: the loss falls, and nothing is coded any more."""
    assert list(check(run(before_and_after(300, 0.3, 0.99), end=0.2)))


def test_healthy_a_sparse_layer_of_a_run_that_ends_well() -> None:
    assert not list(check(run(before_and_after(300, 0.3, 0.95), end=0.2)))


def test_sick_a_threshold_that_nothing_passes() -> None:
    trace = run(0.1)
    table = build(tables={"silent_share": {"fc1": 0.1, "relu after fc1": 1.0, "tanh after fc1": 1.0}}).tables
    (finding,) = check(replace(trace, tables={**trace.tables, **table}))
    assert finding.where == ("relu after fc1",)
