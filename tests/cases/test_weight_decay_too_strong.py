"""Cases of weight-decay-too-strong: it drains the weights, and nothing is learnt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradwise.rules.weight_decay_too_strong import DEAR, FAST, SHARE_LIMIT, SHRUNK, WELL, check
from gradwise.rules.weight_decay_too_strong import DRAINED as DRAINED_TO
from gradwise.trace.model import ParameterInfo, Trace
from tests.cases.build import Values, build, decay, fact, learning

PARAMETERS = (
    ParameterInfo("fc1.weight", (64, 20), module="fc1", order=0),
    ParameterInfo("fc2.weight", (64, 64), module="fc2", order=1),
    ParameterInfo("fc3.weight", (10, 64), module="fc3", order=2),
)


DRAINED = decay(8.0, 0.1)


def run(share: Values | None, norm: Values = DRAINED, *, end: float = 2.3, **more: Any) -> Trace:
    """Three layers under the same decay; ``share`` None = no weight decay at all."""
    tables: dict[str, Any] = {
        "weight_norm": {p.name: norm for p in PARAMETERS},
        **learning(end=end),
        **more.pop("tables", {}),
    }
    if share is not None:
        tables["decay_share"] = {p.name: share for p in PARAMETERS}
    loss = tables["criterion"]["cross_entropy"]
    kind, amount = more.pop("kind", "Adam"), more.pop("amount", 1.0)
    facts = [fact("optimizer", kind, **{"class": kind, "lr": 1e-3, "weight_decay": amount})]
    return build(loss=loss, tables=tables, parameters=PARAMETERS, facts=facts, **more)


def test_sick_drained() -> None:
    (finding,) = check(run(20.0))
    assert finding.where == tuple(p.name for p in PARAMETERS)
    assert "weight decay of 1" in finding.message


def test_sick_in_balance_with_what_is_left_of_the_gradient() -> None:
    assert list(check(run(1.0, decay(8.0, 2.0))))


def test_sick_penalty_dearer_than_any_answers() -> None:
    """Most of the loss is removed by weights that the objective would rather not have at all."""
    squares = 3 * 8.0**2
    dear = 2 * 2.3 * DEAR / squares
    drained = decay(8.0, 1.5)
    (finding,) = check(run(1.0, drained, end=0.8, amount=1.2 * dear))
    assert "as a penalty" in finding.message
    assert not list(check(run(1.0, drained, end=0.8, amount=0.8 * dear)))
    assert not list(check(run(1.0, drained, end=0.8, amount=1.2 * dear, kind="AdamW")))  # no penalty
    assert not list(check(run(1.0, decay(8.0, 3.0), end=0.8, amount=1.2 * dear)))  # keeps its weights
    assert not list(check(run(1.0, drained, end=0.8 * (1 - WELL) * 2.3, amount=1.2 * dear)))  # learns well


def test_healthy_usual_decay() -> None:
    assert not list(check(run(0.01, 8.0, end=0.1)))


def test_healthy_near_miss_just_under_the_limit() -> None:
    assert not list(check(run(SHARE_LIMIT - 0.01)))
    assert not list(check(run(20.0, decay(8.0, 8.2 * SHRUNK))))
    assert list(check(run(SHARE_LIMIT + 0.01, decay(8.0, 7.5 * SHRUNK))))


def test_healthy_balance_at_the_minimum_of_a_good_run() -> None:
    assert not list(check(run(1.0, decay(8.0, 2.0), end=0.2)))


def test_healthy_weights_keep_their_size() -> None:
    # AdamW with 0.1 on a transformer that has not come far yet.
    assert not list(check(run(0.05, decay(8.0, 7.0))))


def test_healthy_look_alike_no_decay_at_all() -> None:
    assert not list(check(run(None)))


def test_healthy_look_alike_noise_with_a_little_decay() -> None:
    assert not list(check(run(0.02, decay(8.0, 6.0))))


def test_healthy_one_decayed_head_among_others() -> None:
    trace = run(None, tables={"decay_share": {"fc1.weight": 2.0, "fc2.weight": 0.01, "fc3.weight": 0.01}})
    assert not list(check(trace))


def test_healthy_too_short_to_judge() -> None:
    assert not list(check(run(20.0, steps=20)))


def test_sick_the_large_matrices_are_drained_and_small_ones_are_not() -> None:
    small = tuple(ParameterInfo(f"bias{i}.weight", (64, 1), module=f"bias{i}", order=3 + i) for i in range(4))
    trace = run(20.0)
    tables = {
        "weight_norm": {p.name: DRAINED for p in PARAMETERS} | {p.name: 1.0 for p in small},
        "decay_share": {p.name: 20.0 for p in PARAMETERS} | {p.name: 0.2 for p in small},
        **learning(end=2.3),
    }
    (finding,) = check(build(loss=2.3, tables=tables, parameters=PARAMETERS + small, facts=trace.facts))
    assert finding.where == tuple(p.name for p in PARAMETERS)


def test_healthy_look_alike_thrown_up_by_the_rate_and_decayed_since() -> None:
    assert not list(
        check(run(20.0, lambda steps: 8.0 * np.where(steps < 5, 1 + steps, 6 * 0.5 ** (steps / 40))))
    )


def test_sick_drained_weights_of_a_net_that_learnt_a_little() -> None:
    (finding,) = check(run(1.0, decay(8.0, 0.9 * 8.0 * DRAINED_TO), end=1.5))
    assert "of the loss was removed" in finding.message


def test_healthy_half_drained_or_well_learnt() -> None:
    assert not list(check(run(1.0, decay(8.0, 1.3 * 8.0 * DRAINED_TO), end=1.5)))
    assert not list(check(run(1.0, decay(8.0, 0.9 * 8.0 * DRAINED_TO), end=0.5, amount=0.01)))


def fast(lr: float, *, name: str = "AdamW", norm: Values = 3.0, end: float = 0.7, **more: Any) -> list[Any]:
    """Decay of 20 under such a rate; weights end at that norm, down from 8."""
    trace = run(1.0, decay(8.0, norm), end=end, **more)
    facts = [fact("optimizer", name, **{"class": name, "weight_decay": 20.0, "lr": lr})]
    return list(check(replace(trace, facts=tuple(facts))))


def test_sick_weights_forget_within_a_hundred_steps() -> None:
    (finding,) = fast(0.002)
    assert "each step takes 4.0% of every weight" in finding.message
    assert fast(0.002, name="SGD")


def test_healthy_near_miss_of_what_a_step_takes() -> None:
    assert fast(FAST / 20 * 1.01) and not fast(FAST / 20 * 0.99)
    assert not fast(0.002, norm=8.2 * SHRUNK)
    assert not fast(0.002, name="Adam")  # its decay passes through the adaptive rate


def test_healthy_fast_decay_of_a_run_that_learns_well() -> None:
    kept = (1 - WELL) * 2.3
    assert not fast(0.002, end=kept - 0.02) and fast(0.002, end=kept + 0.02)
    answers = {"accuracy": {"cross_entropy": 0.95}, "majority": {"cross_entropy": 0.1}}
    assert not fast(0.002, tables=answers)
