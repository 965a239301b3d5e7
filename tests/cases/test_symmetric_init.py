"""Cases of symmetric-init: rows that start alike and never part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwise.rules.symmetric_init import ALIKE_LATER, WINDOW, check
from gradwise.trace.model import ModuleInfo, ParameterInfo, Trace
from tests.cases.build import Columns, build, learning


def net(
    rows: Columns,
    grad_rows: Columns,
    *,
    kind: str = "Linear",
    update: float = 0.01,
    sampled_steps: Sequence[int] | None = None,
    **more: Any,
) -> Trace:
    """A two-layer net; its first layer's rows are judged."""
    parameters = [
        ParameterInfo("fc1.weight", (16, 8), module="fc1", order=0, **more),
        ParameterInfo("fc2.weight", (4, 16), module="fc2", order=1),
    ]
    modules = [ModuleInfo("fc1", kind, order=0), ModuleInfo("fc2", "Linear", order=1)]
    both = {"fc1.weight": update, "fc2.weight": update}
    tables: dict[str, Columns] = {
        "weight_rows": rows,
        "grad_rows": grad_rows,
        "grad_norm": dict.fromkeys(grad_rows, 0.5),
        "update_norm": both,
    }
    return build(tables=tables, parameters=parameters, modules=modules, sampled_steps=sampled_steps)


def parted(steps: np.ndarray) -> np.ndarray:
    """Rows that are the same at step 0 only."""
    return np.where(steps == 0, 0.0, 0.5)


def test_sick_constant_hidden_layer() -> None:
    (finding,) = check(net({"fc1.weight": 1e-7, "fc2.weight": 0.9}, {"fc1.weight": 1e-6, "fc2.weight": 0.7}))
    assert finding.where == ("fc1.weight",)
    assert finding.group == "broken"


def test_sick_all_zero_hidden_layers_without_gradient() -> None:
    trace = net({"fc1.weight": 0.0, "fc2.weight": parted}, {"fc1.weight": 0.0, "fc2.weight": 0.7})
    assert list(check(trace))


def test_sick_rounding_parts_the_rows_a_little() -> None:
    trace = net({"fc1.weight": lambda s: 1e-7 * (1 + s), "fc2.weight": 0.9}, {"fc1.weight": 1e-4})
    assert list(check(trace))


def test_sick_wherever_the_samples_fall() -> None:
    """Rounding has grown to differences by step 90, and a busy machine samples little before."""
    grown = {"fc1.weight": lambda s: np.where(s < 80, 0.1, 1.3) * (s > 0), "fc2.weight": 0.9}
    pulls = {"fc1.weight": lambda s: np.where(s < 80, 0.03, 0.9)}
    for steps in (range(90), [0, 1, 2, 16, 25, 38, 58, 88, 133, 200, 301]):
        assert list(check(net(grown, pulls, sampled_steps=steps)))


def test_healthy_head_that_parts_within_the_window() -> None:
    slow = {"fc1.weight": 0.9, "fc2.weight": lambda s: np.where(s < WINDOW - 10, 0.0, 0.5)}
    pulls = {"fc2.weight": lambda s: np.where(s < WINDOW - 10, 0.0, 0.5)}
    assert not list(check(net(slow, pulls)))


def test_healthy_random_start() -> None:
    assert not list(
        check(net({"fc1.weight": 1.6, "fc2.weight": 1.2}, {"fc1.weight": 1.0, "fc2.weight": 1.0}))
    )


def test_healthy_zero_head_parts_at_once() -> None:
    trace = net({"fc1.weight": 1.3, "fc2.weight": parted}, {"fc1.weight": 1.0, "fc2.weight": 0.8})
    assert not list(check(trace))


def test_healthy_near_miss_rows_part_just_beyond_the_limit() -> None:
    def slow(factor: float) -> Trace:
        rows = {"fc1.weight": lambda s: np.minimum(s / 50, 1) * factor * ALIKE_LATER, "fc2.weight": 0.9}
        return net(rows, {"fc1.weight": 1e-3})

    assert not list(check(slow(1.05)))
    assert list(check(slow(0.95)))


def test_healthy_layer_scale_with_slow_updates() -> None:
    # ones(C, 1, 1) at a small rate: alike for long, but its gradient's rows differ.
    assert not list(check(net({"fc1.weight": 5e-4, "fc2.weight": 0.9}, {"fc1.weight": 0.9})))


def test_healthy_embedding_that_starts_at_zero() -> None:
    """Its columns part in the first step, when what follows it treats them apart."""
    trace = net({"fc1.weight": parted, "fc2.weight": 0.9}, {"fc1.weight": 0.6}, kind="Embedding")
    assert not list(check(trace))


def test_sick_embedding_whose_columns_are_copies() -> None:
    trace = net({"fc1.weight": 0.0, "fc2.weight": 0.9}, {"fc1.weight": 1e-6}, kind="Embedding")
    (finding,) = check(trace)
    assert "the 8 columns of fc1.weight" in finding.message


def test_healthy_frozen_filter() -> None:
    rows = {"fc1.weight": 0.0, "fc2.weight": 0.9}
    assert not list(check(net(rows, {"fc2.weight": 0.7}, requires_grad=False)))


def test_healthy_look_alike_nothing_is_trained() -> None:
    # An optimizer that never moves anything is another ailment.
    assert not list(check(net({"fc1.weight": 0.0, "fc2.weight": 0.9}, {"fc1.weight": 0.0}, update=0.0)))


def filled(second: float = 0.0, size: float = 3.0, end: float = 2.2) -> Trace:
    """Both matrices begin with rows of one number and are parted by Adam and by different biases."""
    rows = {"fc1.weight": lambda s: 0.02 * s, "fc2.weight": lambda s: second + 0.03 * s}
    trace = net(rows, {"fc1.weight": 0.9, "fc2.weight": 1.1})
    learnt = learning(end=end)
    told = build(
        loss=learnt["criterion"]["cross_entropy"],
        tables={"weight_norm": dict.fromkeys(rows, size), **learnt},
    )
    return replace(trace, tables={**trace.tables, **told.tables}, series=told.series)


def test_sick_filled_with_one_number_and_little_learnt() -> None:
    (finding,) = check(filled())
    assert finding.where == ("fc1.weight", "fc2.weight")
    assert "not zero" in finding.message


def test_healthy_filled_but_learns_or_only_one_or_zero() -> None:
    assert not list(check(filled(end=0.2)))
    assert not list(check(filled(second=0.4)))
    assert not list(check(filled(size=0.0)))


def test_sick_filled_everywhere_although_most_was_learnt() -> None:
    assert list(check(filled(end=1.0)))
    assert not list(check(filled(end=0.4)))


def test_healthy_spreads_beside_drawn_means() -> None:
    """Of a Bayesian layer the logarithms of all spreads begin with one number."""
    trace = filled()
    beside = [
        replace(p, name=p.name.replace("weight", "mean"))
        for p in trace.parameters
        if p.name.endswith("weight")
    ]
    drawn = build(tables={"weight_rows": {p.name: 0.9 for p in beside}})
    rows = trace.tables["weight_rows"]
    both = replace(
        rows,
        places=(*rows.places, *drawn.tables["weight_rows"].places),
        values=np.hstack([rows.values, np.full((len(rows.values), len(beside)), 0.9)]),
    )
    told = replace(
        trace, parameters=(*trace.parameters, *beside), tables={**trace.tables, "weight_rows": both}
    )
    assert not list(check(told))
    assert list(check(trace))
